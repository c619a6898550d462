"""`twin jt808 decode`: the contract's JSON, words, what cannot be read, packages over several lines."""

import io
import json
from pathlib import Path

import pytest

from tests.sensors.jt808_made import batch, enclose, location, location_body
from tests.twin.cli.conftest import Twin

KEYS = ["message_id", "name", "version", "terminal", "serial", "subpackage", "fields", "position", "alarms", "items", "error"]
SOS = location(
    body=location_body(alarm=1, items=b"\x01\x04\x00\x01\x86\xa0\xe1\x02ab\x14\x04\0\0\0\x02"), serial=7, newer=True, phone="13912345678"
)


def lines(tmp_path: Path, *frames: bytes | str) -> Path:
    path = tmp_path / "frames.txt"
    path.write_text("\n".join(one if isinstance(one, str) else one.hex() for one in frames) + "\n")
    return path


def test_a_location_is_told_as_the_contract_says(twin: Twin, tmp_path: Path) -> None:
    done = twin("jt808", "decode", lines(tmp_path, SOS))
    assert done.code == 0
    (one,) = done.document
    assert list(one) == KEYS
    assert (one["message_id"], one["name"], one["version"], one["terminal"], one["serial"]) == (
        "0x0200",
        "location",
        2019,
        "00000000013912345678",
        7,
    )
    assert one["position"] == {
        "lon": 119.2946,
        "lat": 26.0896,
        "altitude_m": 30,
        "speed_kmh": 36.0,
        "heading_deg": 90,
        "fixed": True,
        "device_time": "2026-11-27T00:30:00Z",
    }
    assert one["alarms"] == ["sos", "video_covered"]
    assert one["items"] == [
        {"id": 1, "name": "mileage_dkm", "value": 100_000},
        {"id": 0xE1, "raw": "6162"},
        {"id": 0x14, "name": "video_alarms", "value": 2},
    ]
    assert (one["subpackage"], one["error"]) == (None, None)
    assert one["fields"]["latitude"] == 26_089_600


def test_what_cannot_be_read_is_told_with_its_reason_and_the_rest_stands(twin: Twin, tmp_path: Path) -> None:
    damaged = SOS[:-2] + b"\x00\x7e"
    cut = location(body=location_body(alarm=1, items=b"\x01\x04\x00"))
    encrypted = location(body=location_body(status=0x23))
    done = twin("jt808", "decode", lines(tmp_path, damaged, "", "xyz", "7e02", cut, encrypted, SOS))
    assert done.code == 3
    assert [one["error"] and one["error"]["reason"] for one in done.document] == ["checksum", "hex", "short", "items", "encrypted", None]
    assert {one["error"]["code"] for one in done.document if one["error"]} == {"JT808_FRAME_INVALID"}
    assert [one["message_id"] for one in done.document] == [None, None, None, "0x0200", "0x0200", "0x0200"]
    assert all(list(one) == KEYS for one in done.document)
    assert (done.document[3]["alarms"], done.document[3]["position"]["lat"]) == (["sos"], 26.0896)
    assert done.document[4]["position"] is None


def test_zero_degrees_with_a_fix_is_none(twin: Twin, tmp_path: Path) -> None:
    (one,) = twin("jt808", "decode", lines(tmp_path, location(body=location_body(lat=0, lon=0)))).document
    assert one["position"]["fixed"] is False


def test_frames_come_from_stdin_escaped_or_not_with_flags_or_without(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    body = location_body(alarm=1, speed=0x7E7D)
    escaped = location(body=body)
    plain = escaped[1:-1].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    said = "\n".join((escaped.hex(), escaped[1:-1].hex(" ").upper(), plain.hex(), "7e" + plain.hex() + "7e"))
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    done = twin("jt808", "decode", "-")
    assert done.code == 0
    assert [one["fields"]["speed_dkmh"] for one in done.document] == [0x7E7D] * 4


def test_a_message_in_packages_is_told_by_the_line_that_completes_it(twin: Twin, tmp_path: Path) -> None:
    import struct

    whole = batch([location_body(speed=number) for number in range(60)])
    body = whole[13:-2].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    parts = [body[:1000], body[1000:]]
    frames = [
        enclose(struct.pack(">HH6sHHH", 0x0704, len(part) | 0x2000, bytes.fromhex("013912345678"), 9 + row, 2, row + 1) + part)
        for row, part in enumerate(parts)
    ]
    first, last = twin("jt808", "decode", lines(tmp_path, *frames)).document
    assert (first["subpackage"], first["error"], list(first["fields"])) == ({"total": 2, "index": 1}, None, ["raw"])
    assert (last["fields"]["count"], len(last["fields"]["locations"]), last["serial"]) == (60, 60, 10)
    (alone,) = twin("jt808", "decode", lines(tmp_path, frames[1])).document
    assert (alone["error"]["reason"], alone["error"]["message"]) == ("package", "1 of 2 packages are here: the message is not whole")


def test_words_say_the_same_and_a_file_that_is_not_there_is_refused(twin: Twin, tmp_path: Path) -> None:
    done = twin("jt808", "decode", lines(tmp_path, SOS, "zz"), words=True)
    assert done.code == 3
    assert "0x0200 location · 2019 · 00000000013912345678 · serial 7" in done.stdout
    assert "119.294600, 26.089600 · 36.0 km/h · 90° · 2026-11-27T00:30:00Z" in done.stdout
    assert "alarm: sos, video_covered" in done.stdout
    assert "2 frames, 1 not read or not wholly" in done.stdout
    gone = twin("jt808", "decode", tmp_path / "nothing.txt")
    assert (gone.code, gone.error["code"]) == (1, "FILE_ERROR")
    assert json.loads(gone.stdout)["issues"] == []
