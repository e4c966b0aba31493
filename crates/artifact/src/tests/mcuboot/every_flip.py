"""Prints the offset of every byte in which imgtool lets a flipped bit of an image pass.

Arguments: the image, the public key, a file to write to. Each bit is flipped alone, and the tool's
own check is asked.
"""

import sys
from pathlib import Path

from imgtool.image import Image, VerifyResult
from imgtool.keys import load


def passes(path, key):
    """Whatever the tool throws at a broken image is a refusal."""
    try:
        return Image.verify(path, key)[0] == VerifyResult.OK
    except Exception:
        return False


def main(image, public, scratch):
    key = load(public)
    good = Path(image).read_bytes()
    assert passes(image, key), "the image itself must pass"
    for at in range(len(good)):
        for bit in range(8):
            changed = bytearray(good)
            changed[at] ^= 1 << bit
            Path(scratch).write_bytes(changed)
            if passes(scratch, key):
                print(at)


main(*sys.argv[1:])
