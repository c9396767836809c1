"""What both Python peers share: the protocol that peers.ts tells."""

import base64
import json
import sys
import time


def serve(make_decrypt):
    """Decrypts a recording as often as standard input says. make_decrypt(key_id, pkcs8) gives the function."""
    recording = json.loads(sys.stdin.readline())
    decrypt = make_decrypt(recording["keyId"], base64.b64decode(recording["privateKeyPkcs8"]))
    ciphertext = base64.b64decode(recording["ciphertext"])
    if decrypt(ciphertext).decode() != recording["plaintext"]:
        sys.exit("Wrong plaintext.")
    print("ready", flush=True)
    for line in sys.stdin:
        started = time.perf_counter_ns()
        for _ in range(int(line)):
            decrypt(ciphertext)
        print(time.perf_counter_ns() - started, flush=True)


def pem(pkcs8):
    """PKCS#8 DER as PEM."""
    body = base64.encodebytes(pkcs8)
    return b"-----BEGIN PRIVATE KEY-----\n" + body + b"-----END PRIVATE KEY-----\n"
