"""Talks to a device by `smpclient`. One command a line, as JSON: [name, argument]; one answer a line.

connect PORT, echo TEXT, parameters, state, upload FILE, test HASH, confirm HASH, reset, disconnect
"""

import asyncio
import json
import pathlib
import sys

from smpclient import SMPClient
from smpclient.generics import success
from smpclient.requests.image_management import ImageStatesRead, ImageStatesWrite
from smpclient.requests.os_management import EchoWrite, MCUMgrParametersRead, ResetWrite
from smpclient.transport.serial import SMPSerialTransport

# A device checks half a dozen signatures before it answers, and the machine that emulates it may be busy.
PATIENCE_S = 120
# A port that isn't there belongs to a device that was stopped.
CONNECT_WITHIN_S = 5


class Line:
    def __init__(self):
        self.client = None

    async def connect(self, port):
        self.client = SMPClient(SMPSerialTransport(), port, timeout_s=PATIENCE_S)
        await self.client.connect(connect_timeout_s=CONNECT_WITHIN_S)
        return {}

    async def disconnect(self, _):
        await self.client.disconnect()
        return {}

    async def echo(self, text):
        return await self.ask(EchoWrite(d=text))

    async def parameters(self, _):
        return await self.ask(MCUMgrParametersRead())

    async def state(self, _):
        return await self.ask(ImageStatesRead())

    async def test(self, digest):
        return await self.ask(ImageStatesWrite(hash=bytes.fromhex(digest)))

    async def confirm(self, digest):
        return await self.ask(ImageStatesWrite(hash=bytes.fromhex(digest) or None, confirm=True))

    async def reset(self, _):
        return await self.ask(ResetWrite())

    async def upload(self, path):
        image, parts, offset = pathlib.Path(path).read_bytes(), 0, 0
        uploading = self.client.upload(image, subsequent_timeout_s=PATIENCE_S, first_timeout_s=PATIENCE_S)
        async for offset in uploading:
            parts += 1
        return {"off": offset, "parts": parts}

    async def ask(self, request):
        answer = await self.client.request(request)
        fields = answer.model_dump(exclude={"header", "version", "sequence", "smp_data"}, exclude_none=True)
        return fields if success(answer) else {"error": str(answer)}


def main():
    line, loop = Line(), asyncio.new_event_loop()
    for text in sys.stdin:
        name, argument = json.loads(text)
        try:
            answer = loop.run_until_complete(getattr(line, name)(argument))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=lambda value: bytes(value).hex()), flush=True)


main()
