"""What schemathesis needs to know of Mainstay's operator API beside its document.

The names of what is there stand in the environment, so that questions reach the handlers and don't all
end at "there is no such device"; every second question keeps the name that was made up.
"""

import itertools
import json
import os

import schemathesis

THERE = json.loads(os.environ["MAINSTAY_THERE"])
TURNS = itertools.count()


for media_type in [
    "application/vnd.mainstay.artifact",
    "application/suit-envelope+cose",
    "application/cbor",
]:
    schemathesis.serializer.alias(media_type, "application/octet-stream")


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    first = ctx.operation.path.lstrip("/").split("/")[0]
    if path_parameters and first in THERE and next(TURNS) % 2 == 0:
        names = THERE[first]
        name = names[next(TURNS) % len(names)]
        return {key: name for key in path_parameters}
    return path_parameters
