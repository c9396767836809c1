"""Deploys template.yaml on moto, and prints what came to be there, as JSON.

usage: deploy.py [Parameter=Value …]

SAM's own translator does what CloudFormation does for the template's `Transform`. The code is what `dist/lambda` holds.
What moto has no model of (Connect, EventBridge Scheduler) is not in AWS then, but in `template`: the processed template,
with conditions, parameters and functions resolved by moto.
"""

import io
import json
import os
import re
import sys
import zipfile
from pathlib import Path

import boto3
from moto import mock_aws
from moto.cloudformation import parsing
from samcli.yamlhelper import yaml_parse
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

root = Path(__file__).parents[2]
region = "us-east-1"
account = "123456789012"
stack_name = "connect-keys"
bucket, key = "code", "lambda.zip"

os.environ.update(AWS_DEFAULT_REGION=region, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")


def zipped(folder):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return content.getvalue()


def transformed(parameters):
    template = yaml_parse((root / "template.yaml").read_text())
    template["Globals"]["Function"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    session = boto3.Session()
    try:
        return Translator({}, Parser()).translate(template, dict(parameters), {})
    except InvalidDocumentException as error:
        sys.exit("; ".join(cause.message for cause in error.causes) or error.message)


def check(template, parameters):
    """What CloudFormation refuses, and moto does not."""
    for name, value in parameters.items():
        declared = template["Parameters"][name]
        pattern = declared.get("AllowedPattern")
        allowed = [str(value) for value in declared.get("AllowedValues", [value])]
        if (pattern and not re.fullmatch(pattern, value)) or value not in allowed:
            sys.exit(f"{name}: {declared.get('ConstraintDescription') or allowed}")


@mock_aws
def deploy(parameters):
    boto3.client("s3").create_bucket(Bucket=bucket)
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=zipped(root / "dist/lambda"))
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/public-keys/first", Type="String", Value="a public key")
    ssm.put_parameter(Name="/public-keys/second", Type="String", Value="another public key")

    template = transformed(parameters)
    check(template, parameters)
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    [stack] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]

    iam = boto3.client("iam")
    awslambda = boto3.client("lambda")
    resources = resolved(stack["StackId"], template, parameters)
    physical = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    }
    return {
        "status": stack["StackStatus"],
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        "resources": resources,
        "physical": physical,
        "roles": {
            role["RoleName"]: {
                "managed": iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"],
                "inline": [
                    iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
                    for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
                ],
            }
            for role in iam.list_roles()["Roles"]
        },
        "functions": {f["FunctionName"]: f for f in awslambda.list_functions()["Functions"]},
        "alarms": boto3.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "logGroups": boto3.client("logs").describe_log_groups()["logGroups"],
    }


def resolved(stack_id, template, parameters):
    """The resources whose conditions hold, with everything in them resolved."""
    resources = parsing.ResourceMap(stack_id, stack_name, parameters, {}, region, account, template, {})
    resources.load()
    return {name: parsing.clean_json(resources.resource_json(name) if hasattr(resources, "resource_json") else resources._resource_json_map[name], resources)
            for name in resources._resource_json_map}


print(json.dumps(deploy(dict(argument.split("=", 1) for argument in sys.argv[1:])), default=str))
