"""Frames of locations of every kind, seeded, and what damage makes of them: by `struct` alone, nothing of the codec under test."""

import random

from tests.sensors.jt808_made import batch, enclose, header, location, location_body

ITEMS = (
    b"\x01\x04\x00\x01\x86\xa0",
    b"\x02\x02\x01\x7e",
    b"\x03\x02\x7d\x01",
    b"\x14\x04\x00\x00\x00\x00",
    b"\x14\x04\x00\x00\x00\x04",
    b"\x11\x01\x00",
    b"\x18\x03\x00\x00\x00",
    b"\x18\x03\x00\x02\x50",
    b"\x25\x04\x00\x00\x00\x00",
    b"\x30\x01\x1f",
    b"\x31\x01\x0c",
    b"\x64\x02\x01\x02",
    b"\x70\x01\x00",
    b"\x12\x06\x01\x00\x00\x00\x07\x01",
    b"\xe1\x03abc",
    b"\x01\x09",
    b"\x05",
)


def made(rng: random.Random, *, phone: str | None = None, newer: bool | None = None) -> bytes:
    """A frame with flags that is read, or nearly; of any terminal, or of one."""
    newer = rng.random() < 0.5 if newer is None else newer
    phone = f"{rng.randrange(10**11):012d}" if phone is None else phone
    bodies = [
        location_body(
            alarm=rng.choice((0, 0, 0, 1, 1 << 15, rng.getrandbits(32))),
            status=rng.choice((3, 0x80003, 0, 0x23, 0xF, 2, rng.getrandbits(23))),
            lat=rng.choice((26_089_600, 0, 90_000_001, rng.getrandbits(32))),
            lon=rng.choice((119_294_600, 0, 0, 180_000_001, rng.getrandbits(32))),
            altitude=rng.getrandbits(16),
            speed=rng.getrandbits(16),
            direction=rng.randrange(361),
            time=rng.choice(("261127083000", "000000000000", "240229235959", "230229000000", "2611270830ff", "991231235959")),
            items=b"".join(rng.choice(ITEMS) for _ in range(rng.randrange(6))),
        )
        for _ in range(rng.randrange(1, 5))
    ]
    if rng.random() < 0.7:
        return location(phone, rng.getrandbits(16), newer=newer, body=bodies[0])
    if rng.random() < 0.8:
        return batch(bodies, phone, rng.getrandbits(16), newer=newer, backlog=rng.random() < 0.5)
    inside = rng.randbytes(rng.randrange(60))
    return enclose(header(rng.choice((0x0200, 0x0704, 0x0702, 2)), phone, 1, len(inside), newer=newer) + inside)


def mutated(frame: bytes, rng: random.Random) -> bytes:
    """The frame with some bytes changed, cut, doubled, or with a true checksum again after the change."""
    way = rng.randrange(5)
    if way == 0:
        return frame
    content = bytearray(frame[1:-1].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d"))
    for _ in range(rng.randrange(1, 4)):
        content[rng.randrange(len(content))] = rng.choice((0, 1, 2, 0x7D, 0x7E, 0xFF, rng.randrange(256)))
    if way == 1:
        return b"\x7e" + bytes(content) + b"\x7e"
    if way == 2:
        return b"\x7e" + bytes(content[: rng.randrange(len(content))]).replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"
    return enclose(bytes(content[:-1]))


def pieces_of(count: int, seed: int, *, change: bool) -> list[bytes]:
    rng, found = random.Random(seed), list[bytes]()
    while len(found) < count:
        frame = made(rng)
        found += [one for one in (mutated(frame, rng) if change else frame).split(b"\x7e") if one]
    return found[:count]
