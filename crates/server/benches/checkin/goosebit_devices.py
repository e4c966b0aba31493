"""Registers so many devices with gooseBit, as ones that have said what they run. goosebit.rs says what they are called."""

import asyncio
import sys

from goosebit.db.config import TORTOISE_CONF
from goosebit.db.models import Device, Hardware, UpdateStateEnum
from tortoise import Tortoise


async def register(count: int) -> None:
    await Tortoise.init(config=TORTOISE_CONF)
    hardware = await Hardware.create(model="thermo-v2", revision="B")
    await Device.bulk_create(
        Device(
            id=f"dev-{number:06}",
            hardware=hardware,
            sw_version="1.1.0",
            last_state=UpdateStateEnum.REGISTERED,
            auth_token=f"{number:032x}",
        )
        for number in range(count)
    )
    await Tortoise.close_connections()


asyncio.run(register(int(sys.argv[1])))
