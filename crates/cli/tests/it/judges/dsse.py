"""Judges a provenance file by securesystemslib: prints the statement if the signature holds.

Usage: dsse.py FILE PUBLIC_KEY_HEX, the key an uncompressed point of P-256.
"""

import json
import sys

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

file, point = sys.argv[1:]
with open(file, "rb") as source:
    data = json.load(source)
keyid = data["signatures"][0]["keyid"]
envelope = Envelope.from_dict(data)
key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(point))
pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
judge = SSlibKey(keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": pem})
envelope.verify([judge], threshold=1)
sys.stdout.write(envelope.payload.decode())
