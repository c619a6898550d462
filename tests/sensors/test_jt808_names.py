"""The 138 frames that another project decoded decode to its values, name by name; the 114 others decode or are refused with the reason."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sensors.jt808_frame import Frame
from sensors.jt808_message import Message
from sensors.jt808_told import frame_of_hex, tell_lines
from tests.conftest import SHARED_DATA, require

NAMES = tomllib.loads(Path(__file__).with_name("jt808_names.toml").read_text(encoding="utf-8"))
HEADER = NAMES["header"]


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    file = SHARED_DATA / "jt808" / "jt808_server_records.json"
    require(file.exists(), "../shared/data/jt808", "it comes with the project's shared data")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value with its path; lists of numbers are values, lists of objects are gone through with their index as `[i]`."""
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, one in enumerate(value):
            yield from leaves(one, (*path, f"[{number}]"))
    elif value != {}:
        yield path, value


def our_path(message: str, path: tuple[str, ...]) -> tuple[str, int | None]:
    """Our path of their name, and the value they give where the field is absent; KeyError where nobody mapped it."""
    plain = [part for part in path if not part.startswith("[")]
    if plain[0] == "parameters":
        known = NAMES["parameters"][plain[1]]
        ours = known[plain[2]] if not re.fullmatch(r"p\d\d", plain[2]) else f"at_{plain[2][1:]}"
        return f"parameters.{plain[1]}.{ours}", None
    table = NAMES[message]
    if ".".join(plain) in table:
        found = table[".".join(plain)]
        return (found, None) if isinstance(found, str) else (found["to"], found["absent"])
    if plain[0] == "attributes" and plain[1] in ("100", "101", "102", "103"):
        return f"items.{plain[1]}.{NAMES['active_safety'][plain[2]]}", None
    for until in range(len(plain)):
        place = ".".join(plain[:until])
        if (place in table or (not place and message in ("0x0200", "0x0201"))) and len(plain) == until + 1:
            return ".".join(filter(None, (table.get(place, ""), NAMES["location"][plain[-1]]))), None
    raise KeyError(f"{message}: {'.'.join(path)} is not in jt808_names.toml")


def found_at(document: Any, path: str, indexes: list[int]) -> Any:
    """What our document has there; lists are gone through by their ids (items, parameters) or by the indexes of their path."""
    queue = list(indexes)
    for part in path.split("."):
        if isinstance(document, list) and document and "id" in document[0] and part.isdigit():
            document = next(one["value"] for one in document if one["id"] == int(part))
            continue
        if isinstance(document, list) and part == "count":
            return len(document)
        if isinstance(document, list):
            document = document[queue.pop(0)]
        document = document[part]
    return document


def digits(text: str) -> str:
    plain = re.sub(r"\D", "", text.removesuffix("+08:00"))
    return plain[2:] if "T" in text else plain


def same(theirs: Any, ours: Any) -> bool:
    if theirs == ours:
        return True
    if theirs == -1:
        return ours in (0xFF, 0xFFFF, 0xFFFFFFFF)
    if isinstance(theirs, list) and isinstance(ours, str):
        return bytes(theirs).hex() == ours
    if isinstance(theirs, list) and isinstance(ours, list):
        return theirs == [number for one in ours for number in one.values()]
    if isinstance(theirs, str) and isinstance(ours, str) and re.fullmatch(r"[\d:T-]+", theirs):
        return digits(ours) in (digits(theirs), digits(theirs) + "00") or ours.lstrip("0") == theirs or digits(theirs)[:4] == ours
    return False


def test_every_recorded_value_is_ours_under_a_mapped_name(recorded: dict[str, Any]) -> None:
    compared = 0
    for record in recorded["records"]:
        frame = frame_of_hex(record["hex"])
        message, decoded = Message.of(frame), record["decoded"]
        kind = f"0x{frame.message_id:04x}"
        assert message.refused is None
        assert {name for name in HEADER if name not in decoded} == set()
        assert (decoded["messageId"], decoded["clientId"], decoded["serialNo"]) == (frame.message_id, frame.terminal, frame.serial)
        assert decoded["protocolVersion"] == (frame.protocol_version or 0)
        assert decoded["properties"] == int.from_bytes(frame.content()[2:4], "big")
        ours = {**message.fields, "items": message.items}
        for path, value in leaves({name: one for name, one in decoded.items() if name not in HEADER}):
            if len(path) > 1 and path[-1] in NAMES["within"] and path[0] in ("items", "location"):
                assert value == NAMES["within"][path[-1]]
                continue
            where, absent = our_path(kind, path)
            try:
                mine = found_at(ours, where, [int(part[1:-1]) for part in path if part.startswith("[")])
            except KeyError:
                assert absent is not None, (kind, path, where)
                mine = absent
            assert same(value, mine), (kind, path, value, mine)
            compared += 1
    assert len(recorded["records"]) == 138
    assert compared > 1_500


def test_a_name_nobody_mapped_fails() -> None:
    with pytest.raises(KeyError, match="newName"):
        our_path("0x8001", ("newName",))


def test_the_others_decode_or_are_refused_with_the_reason(recorded: dict[str, Any]) -> None:
    told = tell_lines(one["hex"] for one in recorded["frames_without_record"])
    assert len(told) == 114
    refused = [(one["message_id"], one["error"]["reason"]) for one in told if one["error"]]
    assert sorted(refused) == sorted([("0x0200", "position")] * 2 + [("0x0201", "encrypted")] * 2 + [("0x0104", "body")])
    whole = [one for one in told if one["subpackage"] and "recordings" in one["fields"]]
    assert [len(one["fields"]["recordings"]) for one in whole] == [0xB4]


def test_writing_what_was_read_gives_every_frame_again_to_the_byte(recorded: dict[str, Any]) -> None:
    for record in (*recorded["records"], *recorded["frames_without_record"]):
        frame = frame_of_hex(record["hex"])
        again = Message.of(frame).encode()
        assert again == frame
        assert Frame.read(again.to_bytes()) == frame
        plain = bytes.fromhex(record["hex"])
        assert plain in (again.to_bytes(), b"\x7e" + again.content() + b"\x7e")
