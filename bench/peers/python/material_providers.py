"""The AWS Encryption SDK for Python with the material providers library, its keyring kept across calls."""

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateRawRsaKeyringInput, PaddingScheme
from aws_encryption_sdk import CommitmentPolicy

from peer import pem, serve


def make_decrypt(key_id, pkcs8):
    client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    keyring = providers.create_raw_rsa_keyring(
        input=CreateRawRsaKeyringInput(
            key_namespace="AmazonConnect",
            key_name=key_id,
            padding_scheme=PaddingScheme.OAEP_SHA512_MGF1,
            private_key=pem(pkcs8),
        )
    )
    return lambda ciphertext: client.decrypt(source=ciphertext, keyring=keyring)[0]


serve(make_decrypt)
