"""Bodies of GB/T 28181 as devices write them."""

from collections.abc import Sequence

__all__ = ["CAMERAS", "alarm", "catalogue", "keepalive", "position"]

CAMERAS = ("35010200001320000001", "35010200001320000002", "35010200001320000003")
PLATFORM = "35010200002000000001"


def body(root: str, inner: str, encoding: str, declared: str | None) -> bytes:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\r\n' if declared else ""
    return f"{declaration}<{root}>\r\n{inner}</{root}>\r\n".encode(encoding)


def catalogue(
    items: Sequence[tuple[str, str, str]], *, total: int | None = None, sn: str = "17", encoding: str = "gb18030",
    declared: str | None = "GB2312", root: str = "Response", event: str = "",
) -> bytes:  # fmt: skip
    told = "".join(
        f"<Item><DeviceID>{name}</DeviceID><Name>{said}</Name><Manufacturer>海康</Manufacturer><Status>{status}</Status>"
        f"<Longitude>119.295</Longitude><Latitude>26.0899</Latitude>{event and f'<Event>{event}</Event>'}</Item>\r\n"
        for name, said, status in items
    )
    inner = (
        f"<CmdType>Catalog</CmdType>\r\n<SN>{sn}</SN>\r\n<DeviceID>{PLATFORM}</DeviceID>\r\n"
        f'<SumNum>{len(items) if total is None else total}</SumNum>\r\n<DeviceList Num="{len(items)}">\r\n{told}</DeviceList>\r\n'
    )
    return body(root, inner, encoding, declared)


def alarm(
    device: str, *, method: str = "5", kind: str = "6", at: str = "2026-11-26T16:00:00", where: str = "", text: str = "东墙"
) -> bytes:
    inner = (
        f"<CmdType>Alarm</CmdType><SN>9</SN><DeviceID>{device}</DeviceID><AlarmPriority>1</AlarmPriority>"
        f"<AlarmMethod>{method}</AlarmMethod><AlarmTime>{at}</AlarmTime><AlarmDescription>东墙</AlarmDescription>{where}"
        f"<Info><AlarmType>{kind}</AlarmType><AlarmTypeParam><EventType>1</EventType></AlarmTypeParam></Info>"
    )
    return body("Notify", inner, "gb18030", "GB2312")


def position(device: str, *, lon: str = "119.295", lat: str = "26.0899", at: str = "2026-11-26T16:00:00") -> bytes:
    inner = (
        f"<CmdType>MobilePosition</CmdType><SN>3</SN><DeviceID>{device}</DeviceID><Time>{at}</Time><Longitude>{lon}</Longitude>"
        f"<Latitude>{lat}</Latitude><Speed>36.5</Speed><Direction>90</Direction><Altitude>12.3</Altitude>"
    )
    return body("Notify", inner, "utf-8", "UTF-8")


def keepalive(device: str) -> bytes:
    inner = f"<CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>{device}</DeviceID><Status>OK</Status><Info><DeviceID>x</DeviceID></Info>"
    return body("Notify", inner, "gb18030", None)
