"""Raw frames as received: taken out of closed segments of the journal, packed by device, kept as long as their kind is, or for ever.

A sealed segment is one Parquet file. Frames of one length stand in a column of their own, split into their bytes: the n-th bytes of all
frames of a device together compress to little. Frames between two 0x7E are stored without the escapes of that framing where putting them
back gives the same bytes: a terminal's frames then have one length.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sensors.batch import Batch
from sensors.errors import BatchInvalid
from twin.history.durable import disk_told, replace_file, sync_folder
from twin.history.errors import HistoryDamaged
from twin.history.journal import BATCH, Journal, JournalReader, Segment, list_segments
from twin.history.keep import KEEP, Keep, unpack_keep
from twin.history.layout import HOUR_US
from twin.history.retention import Retention
from twin.history.runs import Encoding
from twin.history.segment import Record

__all__ = ["Raw", "RawFrame", "seal", "sweep_raw"]

OWN_COLUMN = 200
"""A length that so many frames have gets a column of its own."""
LONGEST = 1024
FLAG, ESCAPE = b"\x7e", b"\x7d"
ESCAPED_FLAG, ESCAPED_ESCAPE = b"\x7d\x02", b"\x7d\x01"
"""JT/T 808-2019 clause 4.4.2: 0x7E is sent as 7D 02, 0x7D as 7D 01."""


class Form(IntEnum):
    """How a frame is stored: as it is, or without the flags and escapes of its framing."""

    PLAIN = 0
    UNESCAPED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFrame:
    """A frame as received: whose, when, by which record of the journal and at which place in it, and why it is kept for ever."""

    device: str
    received_us: int
    position: int
    row: int
    keep: Keep
    raw: bytes


def seal(journal: Journal, folder: Path, through: int) -> int:
    """Pack the raw frames of each closed segment whose records all lie below `through` (applied, and in files or in a checkpoint), then
    remove the segment. The answer is how many were sealed. Raises HistoryFull, HistoryUnavailable, HistoryDamaged: the segment stays."""
    folder.mkdir(parents=True, exist_ok=True)
    sealed = 0
    for segment in list_segments(journal.folder):
        if segment.end is None or segment.end > through:
            break
        table = _frames(_records(journal.folder, segment))
        if table is not None:
            replace_file(folder / f"{segment.first:012d}.parquet", lambda path, table=table: _write(path, table))  # type: ignore[misc]
        journal.drop(segment)
        sealed += 1
    return sealed


def sweep_raw(folder: Path, retention: Retention, now_us: int) -> int:
    """Leave out the frames that are kept no longer; the answer is how many. Those kept for ever stay, with the reason."""
    gone = 0
    for path in sorted(folder.glob("*.parquet")):
        head = pq.read_table(path, columns=["device", "received_us", "keep"])
        kept_us = {kind: row.keep_raw_h * HOUR_US for kind, row in retention.rows.items()}
        limits = np.array([kept_us.get(kind, kept_us["other"]) for kind in _kinds(head)], dtype=np.float64)
        stays = (head.column("keep").to_numpy() > 0) | (now_us - head.column("received_us").to_numpy() < limits)
        if stays.all():
            continue
        gone += int((~stays).sum())
        if stays.any():
            table = pq.read_table(path).filter(pa.array(stays))
            replace_file(path, lambda partial, table=table: _write(partial, table))  # type: ignore[misc]
        else:
            with disk_told(path):
                path.unlink()
                sync_folder(folder)
    return gone


class Raw:
    """Reads sealed frames; `folder` is `history/raw`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def frames(self, device: str, from_us: int, to_us: int) -> list[RawFrame]:
        """The frames of a device received in a period, closed and open, in the order they were kept. Of no label: evidence."""
        found: list[RawFrame] = []
        for path in sorted(self._folder.glob("*.parquet")):
            wanted = [("device", "=", device), ("received_us", ">=", from_us), ("received_us", "<", to_us)]
            with suppress(FileNotFoundError):
                found += _unpacked(pq.read_table(path, filters=wanted))
        return sorted(found, key=lambda frame: (frame.position, frame.row))


def _records(folder: Path, segment: Segment) -> Iterator[Record]:
    reader = JournalReader(folder, segment.first)
    for record in reader:
        if segment.end is not None and record.position >= segment.end:
            return
        yield record


def _frames(records: Iterator[Record]) -> pa.Table | None:
    """Every frame with bytes, by device and time of receipt, packed; None for none. Marks to keep may follow their batch."""
    marks: dict[tuple[int, int], Keep] = {}
    columns: list[dict[str, NDArray[Any]]] = []
    raws: list[bytes] = []
    devices: dict[str, int] = {}
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for record in records:
        if record.kind == KEEP:
            marks |= unpack_keep(record.content)
        elif record.kind == BATCH:
            batch = _batch(record)
            starts[record.position], ends[record.position] = len(raws), len(raws) + len(batch)
            columns.append(_said(batch, record.position, devices))
            raws += batch.raw or [b""] * len(batch.fixes)
            raws += [one.raw for one in batch.others]
    if not any(raws):
        return None
    told = {name: np.concatenate([one[name] for one in columns]) for name in columns[0]}
    for (position, row), keep in marks.items():
        if position not in starts or row >= ends[position] - starts[position]:
            raise HistoryDamaged(f"a mark to keep row {row} of record {position}, which is not beside it", position=position)
        told["keep"][starts[position] + row] |= np.uint8(keep)
    names = np.array(list(devices), dtype=object)
    order_of = np.argsort(np.argsort(names))[told["device"]]
    order = np.lexsort((told["row"], told["position"], told["received_us"], order_of))
    order = order[[bool(raws[at]) for at in order.tolist()]]
    return _packed({name: column[order] for name, column in told.items()}, [raws[at] for at in order.tolist()], names)


def _said(batch: Batch, position: int, devices: dict[str, int]) -> dict[str, NDArray[Any]]:
    """Whose each frame of a batch is (a row of `devices`, which grows), when it was received, and whether it has an alarm."""
    number = np.array([devices.setdefault(one, len(devices)) for one in batch.devices], dtype=np.int64)
    others = [devices.setdefault(one.device, len(devices)) for one in batch.others]
    fixes = batch.fixes
    alarms = [bool(one.alarms) for one in batch.others]
    return {
        "device": np.concatenate([number[fixes["device"]], np.array(others, dtype=np.int64)]),
        "received_us": np.concatenate([fixes["received_us"], np.array([one.received_us for one in batch.others], dtype=np.int64)]),
        "position": np.full(len(batch), position, dtype=np.uint64),
        "row": np.arange(len(batch), dtype=np.uint32),
        "keep": np.concatenate([fixes["alarm"] != 0, np.array(alarms, dtype=bool)]).astype(np.uint8) * np.uint8(Keep.ALARM),
    }


def _batch(record: Record) -> Batch:
    try:
        return Batch.unpack(record.content)
    except BatchInvalid as error:
        raise HistoryDamaged(f"record {record.position}: {error.message}", position=record.position, resume=record.position + 1) from error


def _packed(told: Mapping[str, NDArray[Any]], raws: Sequence[bytes], names: NDArray[Any]) -> pa.Table:
    forms = [_stored(raw) for raw in raws]
    stored = [one for _, one in forms]
    lengths = np.fromiter(map(len, stored), dtype=np.int64, count=len(stored))
    unique, counts = np.unique(lengths, return_counts=True)
    columns: dict[str, pa.Array] = {
        "device": pa.DictionaryArray.from_arrays(pa.array(told["device"], pa.int32()), pa.array(names.tolist(), pa.string())),
        **{name: pa.array(told[name]) for name in ("received_us", "position", "row", "keep")},
        "form": pa.array(np.fromiter((form for form, _ in forms), dtype=np.uint8, count=len(forms))),
    }
    own = [int(length) for length, count in zip(unique, counts, strict=True) if count >= OWN_COLUMN and 0 < length <= LONGEST]
    for length in own:
        columns[f"bytes_{length}"] = pa.array([one if len(one) == length else None for one in stored], pa.binary(length))
    apart = set(own)
    columns["bytes"] = pa.array([None if len(one) in apart else one for one in stored], pa.binary())
    return pa.table(columns)


def _write(path: Path, table: pa.Table) -> None:
    numbers = {field.name: Encoding.DELTA_BINARY_PACKED.name for field in table.schema if pa.types.is_integer(field.type)}
    split = {field.name: Encoding.BYTE_STREAM_SPLIT.name for field in table.schema if pa.types.is_fixed_size_binary(field.type)}
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=9,
        use_dictionary=["device"],
        column_encoding=numbers | split,
        data_page_size=8 * 2**20,
        row_group_size=2**20,
        write_statistics=["device", "received_us"],
    )


def _unpacked(table: pa.Table) -> list[RawFrame]:
    columns = [name for name in table.column_names if name.startswith("bytes")]
    raws: list[bytes] = [b""] * len(table)
    for name in columns:
        for row, one in enumerate(table.column(name).to_pylist()):
            raws[row] = raws[row] if one is None else one
    told = table.drop_columns(columns).to_pylist()
    return [
        RawFrame(
            **{name: row[name] for name in ("device", "received_us", "position", "row")},
            keep=Keep(row["keep"]),
            raw=_whole(row["form"], raw),
        )
        for row, raw in zip(told, raws, strict=True)
    ]


def _stored(raw: bytes) -> tuple[Form, bytes]:
    if len(raw) < 2 or not (raw.startswith(FLAG) and raw.endswith(FLAG)) or raw.count(FLAG) != 2:
        return Form.PLAIN, raw
    if ESCAPE not in raw:
        return Form.UNESCAPED, raw[1:-1]
    if raw.count(ESCAPE) != raw.count(ESCAPED_FLAG) + raw.count(ESCAPED_ESCAPE):
        return Form.PLAIN, raw
    return Form.UNESCAPED, raw[1:-1].replace(ESCAPED_FLAG, FLAG).replace(ESCAPED_ESCAPE, ESCAPE)


def _whole(form: int, stored: bytes) -> bytes:
    if form == Form.PLAIN:
        return stored
    return FLAG + stored.replace(ESCAPE, ESCAPED_ESCAPE).replace(FLAG, ESCAPED_FLAG) + FLAG


def _kinds(table: pa.Table) -> NDArray[np.str_]:
    devices = table.column("device").to_pylist()
    return np.array([device.split("/", 1)[0] for device in devices], dtype=np.str_)
