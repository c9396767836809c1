"""The AWS Encryption SDK for Python with the legacy raw master key provider, kept across calls."""

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

from peer import pem, serve


class Provider(RawMasterKeyProvider):
    provider_id = "AmazonConnect"

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, private_key):
        super().__init__()
        self.wrapping_key = WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.RSA_OAEP_SHA512_MGF1,
            wrapping_key=private_key,
            wrapping_key_type=EncryptionKeyType.PRIVATE,
        )

    def _get_raw_key(self, key_id):
        return self.wrapping_key


def make_decrypt(key_id, pkcs8):
    client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
    provider = Provider(pem(pkcs8))
    provider.add_master_key(key_id)
    return lambda ciphertext: client.decrypt(source=ciphertext, key_provider=provider)[0]


serve(make_decrypt)
