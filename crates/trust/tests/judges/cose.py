"""Verifies each block of an envelope or of a document of our own, by PyPI's cwt."""
import sys

from cbor2 import loads
from cwt import COSE, COSEKey

root_file, kind, document_file = sys.argv[1:]


def read(name):
    with open(name, "rb") as file:
        return loads(file.read())


root = loads(read(root_file)[0])
keys = [
    COSEKey.new({1: 2, 2: kid, 3: alg, -1: 1, -2: public[1:33], -3: public[33:]})
    for kid, _, alg, public, _ in root[6]
]
document = read(document_file)
if kind == "envelope":
    payload, *blocks = loads(document.value[2])
else:
    payload, blocks = document
for block in blocks:
    content_type = loads(loads(block).value[0]).get(3, "")
    external = content_type.encode()
    COSE.new().decode(block, keys=keys, external_aad=external, detached_payload=payload)
print(len(blocks), "verified")
