"""Decrypts each message of the kit with the AWS Encryption SDK for Python, and prints what came of it, as JSON.

usage: check.py kit.json
"""

import base64
import json
import logging
import sys

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateRawRsaKeyringInput, PaddingScheme
from aws_encryption_sdk import CommitmentPolicy
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

# What is refused is printed, not logged.
logging.disable()

client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def keyring_of(key):
    private_key = load_der_private_key(base64.b64decode(key["privateKeyPkcs8"]), None)
    return providers.create_raw_rsa_keyring(
        input=CreateRawRsaKeyringInput(
            key_namespace="AmazonConnect",
            key_name=key["keyId"],
            padding_scheme=PaddingScheme.OAEP_SHA512_MGF1,
            private_key=private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
    )


with open(sys.argv[1], encoding="utf-8") as file:
    kit = json.load(file)
keyrings = {key["keyId"]: keyring_of(key) for key in kit["keys"]}


def outcome_of(message):
    try:
        ciphertext = base64.b64decode(message["ciphertext"], validate=True)
        plaintext, _ = client.decrypt(source=ciphertext, keyring=keyrings[message["keyId"]])
        return {"plaintextBase64": base64.b64encode(plaintext).decode()}
    except Exception as error:
        return {"refused": type(error).__name__}


print(json.dumps([{"name": message["name"], **outcome_of(message)} for message in kit["messages"]]))
