"""A frame of `/live`: the three of docs/live.md read by both decoders, both the same on any frame, and neither believes a count."""

import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import require
from viewer.errors import FrameInvalid
from viewer.live import COLUMNS, Frame, decode_frame, encode_frame

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("run_module.mjs")
SOURCE = ROOT / "viewer" / "web" / "src" / "live" / "frame.ts"
EXAMPLE = re.compile(r"```hex\n([0-9a-f\n]+)```\n\n`(\{.*\})`")
NAMES = [name for name, _ in COLUMNS]


def examples() -> list[tuple[bytes, dict[str, Any]]]:
    text = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")
    return [(bytes.fromhex(found[1].replace("\n", "")), json.loads(found[2])) for found in EXAMPLE.finditer(text)]


def told(frame: Frame) -> dict[str, Any]:
    rows = [list(row) for row in zip(*(getattr(frame, name).tolist() for name in NAMES), strict=True)]
    return {"full": frame.full, "tick_us": frame.tick_us, "number": frame.number, "rows": rows, "gone": frame.gone.tolist()}


def by_the_page(frames: list[bytes]) -> list[dict[str, Any]]:
    """What the decoder of the page says of each."""
    node = shutil.which("node")
    require(node is not None, "node", "install Node 20 or later")
    asked = json.dumps([{"hex": frame.hex()} for frame in frames])
    done = subprocess.run([str(node), RUNNER, SOURCE, "decodeFrame"], input=asked, capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return [answer if "error" in answer else as_told(answer) for answer in answers]


def as_told(answer: dict[str, Any]) -> dict[str, Any]:
    rows = [list(row) for row in zip(*(answer[name] for name in NAMES), strict=True)]
    tick_us = round(answer["tick_ms"] * 1000)
    return {"full": answer["full"], "tick_us": tick_us, "number": answer["number"], "rows": rows, "gone": answer["gone"]}


def some_frame(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    rows, gone = rng.integers(0, 60, 2)
    columns = {name: np.frombuffer(rng.bytes(int(rows) * np.dtype(kind).itemsize), dtype=kind) for name, kind in COLUMNS}
    return encode_frame(
        Frame(
            full=bool(rng.integers(2)),
            tick_us=1_795_741_200_000_000 + int(rng.integers(10**9)),
            number=int(rng.integers(2**40)),
            gone=rng.integers(0, 2**32, int(gone), dtype=np.uint32),
            **columns,
        )
    )


def test_the_three_frames_of_the_document_are_read_by_both_decoders() -> None:
    given = examples()
    assert len(given) == 3
    expected = [answer for _, answer in given]
    assert [told(decode_frame(frame)) for frame, _ in given] == expected
    assert by_the_page([frame for frame, _ in given]) == expected


def test_both_decoders_say_the_same_of_any_frame_and_both_refuse_a_broken_one() -> None:
    whole = [some_frame(seed) for seed in range(40)]
    assert by_the_page(whole) == [told(decode_frame(frame)) for frame in whole]
    rng = random.Random(5)
    broken = [frame[: rng.randrange(len(frame))] for frame in whole] + [frame + b"\0" for frame in whole] + [b"XSL1" + whole[0][4:]]
    for frame in broken:
        with pytest.raises(FrameInvalid):
            decode_frame(frame)
    assert {answer.get("kind") for answer in by_the_page(broken)} == {"RangeError"}


@pytest.mark.parametrize("seed", range(20))
def test_what_is_encoded_is_decoded_to_the_same(seed: int) -> None:
    data = some_frame(seed)
    assert encode_frame(decode_frame(data)) == data


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_are_refused(data: bytes) -> None:
    for tried in (data, b"PSL1" + data):
        try:
            frame = decode_frame(tried)
        except FrameInvalid:
            continue
        assert encode_frame(frame)[8:] == tried[8:]


def test_a_head_that_counts_four_billion_rows_costs_nothing() -> None:
    empty = encode_frame(Frame(full=True, tick_us=0, number=0))
    with pytest.raises(FrameInvalid, match="32 bytes where the head counts"):
        decode_frame(empty[:8] + b"\xff" * 8 + empty[16:])


def test_columns_of_different_length_make_no_frame() -> None:
    with pytest.raises(FrameInvalid, match="columns of"):
        encode_frame(Frame(full=True, tick_us=0, number=0, handle=np.zeros(2, dtype="<u4")))
