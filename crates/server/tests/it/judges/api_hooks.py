"""What schemathesis needs to know of Mainstay's operator API beside its document.

The names of what is there stand in the environment, so that questions reach the handlers and don't all
end at "there is no such device"; at each place every second question keeps the name that was made up.
The address of a program that takes what it is told stands there, too: nobody makes one up.
"""

import collections
import itertools
import json
import os

import schemathesis

THERE = json.loads(os.environ["MAINSTAY_THERE"])
RECEIVER = os.environ["MAINSTAY_RECEIVER"]
TURNS = collections.defaultdict(itertools.count)


for media_type in [
    "application/vnd.mainstay.artifact",
    "application/suit-envelope+cose",
    "application/cbor",
]:
    schemathesis.serializer.alias(media_type, "application/octet-stream")


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    first = ctx.operation.path.lstrip("/").split("/")[0]
    if not path_parameters or first not in THERE:
        return path_parameters
    names = THERE[first]
    turn = next(TURNS[ctx.operation.label])
    # What is removed is always the same, so that the others, and what was made in the course of this, are there for the places that come later.
    if ctx.operation.label.startswith("DELETE "):
        turn = 0
    if turn % 2 == 1:
        return path_parameters
    return {key: names[turn // 2 % len(names)] for key in path_parameters}


@schemathesis.hook
def map_body(ctx, body):
    """Of three webhooks one is right, one has what was made up beside a right address, and one is made up."""
    if ctx.operation.label != "POST /webhooks":
        return body
    turn = next(TURNS["the bodies of webhooks"])
    if turn % 3 == 0:
        return {"url": RECEIVER, "kinds": ["release.added"]}
    if turn % 3 == 1 and isinstance(body, dict):
        return {**body, "url": RECEIVER}
    return body


@schemathesis.hook
def filter_case(ctx, case):
    """Names are drawn from what was answered, too: the last webhook isn't removed by one of those either."""
    names = case.path_parameters if isinstance(case.path_parameters, dict) else {}
    removes = ctx.operation.label.startswith("DELETE ")
    return not (removes and THERE["webhooks"][-1] in names.values())
