"""Decrypts what the relay made with software that is not this product: the AWS Encryption SDK for Python, and jwcrypto.

One line of JSON in for each message, one out: {"format", "name", "privateKey": PEM, "ciphertext"} is answered with
{"plaintext", "labels"}, or {"error"}.
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
from jwcrypto import jwe, jwk

# What is refused is answered, not logged.
logging.disable()

client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def open_message(name, private_key, ciphertext):
    keyring = providers.create_raw_rsa_keyring(
        input=CreateRawRsaKeyringInput(
            key_namespace="flow-security-keys",
            key_name=name,
            padding_scheme=PaddingScheme.OAEP_SHA512_MGF1,
            private_key=private_key,
        )
    )
    plaintext, header = client.decrypt(source=base64.b64decode(ciphertext), keyring=keyring)
    return plaintext, {"suite": f"{header.algorithm.algorithm_id:04x}", **header.encryption_context}


def open_jwe(name, private_key, ciphertext):
    token = jwe.JWE()
    token.deserialize(ciphertext, jwk.JWK.from_pem(private_key))
    return token.payload, token.jose_header


for line in sys.stdin:
    message = json.loads(line)
    opener = open_jwe if message["format"] == "jwe" else open_message
    try:
        plaintext, labels = opener(message["name"], message["privateKey"].encode(), message["ciphertext"])
        answer = {"plaintext": plaintext.decode(), "labels": labels}
    except Exception as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
