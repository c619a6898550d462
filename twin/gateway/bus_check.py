"""Whether a broker lets a gateway in, and what it can do."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from paho.mqtt.enums import MQTTProtocolVersion

from sensors.mqtt_topic import done_topic
from twin.errors import Refused
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt_heard import LinkNews
from twin.gateway.mqtt_link import MqttLink

__all__ = ["check_broker"]

TIMEOUT_S = 15.0


async def check_broker(address: BusAddress, gateway: str) -> dict[str, Any]:
    """`{mqtt, notes, milliseconds}` of a connection made as a gateway makes one; Refused (`BUS_REFUSED`) with the reason where none is."""
    told: asyncio.Queue[LinkNews] = asyncio.Queue()
    link = MqttLink(
        address=address,
        client_id=f"twin-check-{gateway}",
        subscriptions=(f"$share/check/{done_topic(gateway, '+')}",),
        news=told.put_nowait,
        clean=True,
    )
    began = time.monotonic()
    task = asyncio.ensure_future(link.run())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            news = await told.get()
    except TimeoutError:
        news = LinkNews(up=False, reason=f"no answer within {TIMEOUT_S:g} s")
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    if not news.up:
        raise Refused(f"{address}: {news.reason}", code="BUS_REFUSED", path="TWIN_BUS_URL", hint="is it running? user and password right?")
    version = "5" if link.version == MQTTProtocolVersion.MQTTv5 else "3.1.1"
    return {"mqtt": version, "notes": list(news.notes), "milliseconds": round((time.monotonic() - began) * 1000)}
