"""Deploys template.yaml on moto, and prints what came to be there, as JSON.

usage: deploy.py '[{"Parameter": "Value", …}, …]'

Each set of parameters is deployed on its own; one that CloudFormation would refuse gives `refused`, the reason.
SAM's own translator does what CloudFormation does for the template's `Transform`. The code is what `dist/lambda` holds.
Printed are the stack's status and outputs, and the resources whose conditions hold, with parameters and functions
resolved by moto. (moto makes most of them; it has no model of Connect's and of EventBridge Scheduler's.)
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
from moto.backends import get_backend
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

root = Path(__file__).parents[2]
region = "us-east-1"
account = "123456789012"
stack_name = "connect-keys"
bucket, key = "code", "lambda.zip"

os.environ.update(AWS_DEFAULT_REGION=region, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")


def model_of(service, resource_type, attribute):
    """A model of a resource that moto does not make itself, for an output of the template that names its attribute."""

    class Model(CloudFormationModel):
        # By which moto finds the service.
        __module__ = f"moto.{service}.models"

        @classmethod
        def cloudformation_name_type(cls):
            return None

        @classmethod
        def cloudformation_type(cls):
            return resource_type

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, *_args, **_options):
            made = cls()
            made.physical_resource_id = f"{attribute}-of-{resource_name}"
            return made

        @classmethod
        def has_cfn_attr(cls, attr):
            return attr == attribute

        def get_cfn_attribute(self, _name):
            return self.physical_resource_id

    return Model


models = [
    model_of("connect", "AWS::Connect::SecurityKey", "AssociationId"),
    model_of("awslambda", "AWS::Lambda::Url", "FunctionUrl"),
    model_of("apigatewayv2", "AWS::ApiGatewayV2::Api", "ApiEndpoint"),
]


class Refused(Exception):
    pass


def deployed_or_refused(parameters):
    try:
        return deploy(parameters)
    except Refused as refusal:
        return {"refused": str(refusal)}


def zipped(folder):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return content.getvalue()


def transformed(parameters):
    template = yaml_parse((root / "template.yaml").read_text())
    template["Globals"]["Function"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    return Translator({}, Parser()).translate(template, dict(parameters), {})


def check_values(template, parameters):
    """Refuses, as CloudFormation does and moto does not, values that the parameters do not take."""
    for name, value in parameters.items():
        declared = template["Parameters"][name]
        pattern = declared.get("AllowedPattern")
        allowed = [str(value) for value in declared.get("AllowedValues", [value])]
        if (pattern and not re.fullmatch(pattern, value)) or value not in allowed:
            raise Refused(f"{name}: {declared.get('ConstraintDescription') or allowed}")


@mock_aws
def deploy(parameters):
    boto3.client("s3").create_bucket(Bucket=bucket)
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=zipped(root / "dist/lambda"))
    template = transformed(parameters)
    check_values(template, parameters)
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    [stack] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    resources = get_backend("cloudformation")[account][region].stacks[stack["StackId"]].resource_map
    check_rules(template, resources)
    return {
        "status": stack["StackStatus"],
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
        "resources": {
            name: parsing.clean_json(declared, resources)
            for name, declared in template["Resources"].items()
            if resources.lazy_condition_map.get(declared.get("Condition"), True)
        },
    }


def check_rules(template, resources):
    """Refuses, as CloudFormation does and moto does not, parameters that break a rule of the template."""
    for rule in template["Rules"].values():
        if not parsing.parse_condition(rule["RuleCondition"], resources, {}):
            continue
        for assertion in rule["Assertions"]:
            if not parsing.parse_condition(assertion["Assert"], resources, {}):
                raise Refused(assertion["AssertDescription"])


print(json.dumps([deployed_or_refused(parameters) for parameters in json.loads(sys.argv[1])], default=str))
