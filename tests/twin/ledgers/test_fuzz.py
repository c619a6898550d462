"""Whatever the bytes are, a ledger is read or refused with an error of ours; no row is counted twice or lost."""

import random
from pathlib import Path

import pytest

from tests.twin.ledgers.test_workbook import HEADER, workbook
from tests.twin.ledgers.written import raw, read, written
from twin.ledgers import LedgerError

ROUNDS = 40
NASTY = [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xa1", b'""', b"\n\n", b";", b"\t", "（".encode(), b"\xd7\xca"]


def mutated(content: bytes, chance: random.Random) -> bytes:
    text = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0:
                text[at:at] = chance.choice(NASTY)
            case 1:
                del text[at : at + chance.randint(1, 30)]
            case 2:
                text[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                text[at:at] = text[: chance.randint(0, 40)]
    return bytes(text)


def outcome(path: Path) -> str:
    try:
        ledger = read(path, today=None)
        lines: list[int] = []
        for batch in ledger.batches():
            lines += [*batch.lines.tolist(), *(row.line for row in batch.quarantined)]
            assert all(len(column) == len(batch.lines) for column in batch.typed().values.values())
            assert batch.keys.null_count == 0
    except LedgerError as error:
        assert error.message and error.code != "TWIN_ERROR"
        return error.code
    assert len(lines) == len(set(lines))
    return "read"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "latin-1", "utf-16"])
def test_mutated_csv(tmp_path: Path, encoding: str) -> None:
    words = ("Asset Code", "Name", "Größe") if encoding == "latin-1" else ("资产编号", "资产名称", "取得日期")
    rows = [words, *((f"A{number}", words[2] + '"x", y', "2020-01-02") for number in range(30))]
    content = written(tmp_path / "a.csv", rows, encoding=encoding).read_bytes()
    chance = random.Random(7)
    outcomes = [outcome(raw(tmp_path / "b.csv", mutated(content, chance))) for _ in range(ROUNDS)]
    assert "read" in outcomes


def test_mutated_workbooks(tmp_path: Path) -> None:
    content = workbook(tmp_path / "a.xlsx", {"s": [HEADER, *([str(number), "桌", number, "", ""] for number in range(20))]}).read_bytes()
    chance = random.Random(7)
    outcomes = {outcome(raw(tmp_path / "b.xlsx", mutated(content, chance))) for _ in range(ROUNDS)}
    assert outcomes - {"read"}
