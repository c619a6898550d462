"""A ledger whose columns are known: its facts, and its rows batch by batch with keys, hashes and what cannot be a row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.issue import Issue
from twin.codes import RecordKind
from twin.ledgers.beside import Beside
from twin.ledgers.block import Block, Quarantined, Source, SourceFacts
from twin.ledgers.extra import join_extra
from twin.ledgers.hashing import hash_rows, hash_text, hash_texts
from twin.ledgers.header import Header
from twin.ledgers.keys import natural_keys
from twin.ledgers.repeats import KeysSeen
from twin.ledgers.rules import Reading, Rules
from twin.ledgers.sums import find_sums
from twin.ledgers.typed import Finding, Typed, TypedColumn, to_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Ledger", "LedgerBatch", "LedgerFacts", "Selection"]

EDITION = 1
"""Of the way cells are read; a greater one makes every row a changed one, so that it is read again."""

Selection = NDArray[np.bool_] | NDArray[np.int64] | None
"""Rows of a batch: a mask, positions, or None for all."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFacts:
    """How a ledger is read: the file's form, header → column (several: joined by commas), the headers whose cells are kept as they
    are, and what is odd about the whole."""

    source: SourceFacts
    header_line: int
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    unmapped: tuple[str, ...]
    profile: str
    mapping: str
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is needed to read the rows of one ledger."""

    kind: RecordKind
    header: Header
    constants: Mapping[str, str]
    rules: Rules
    readers: Mapping[str, Callable[[str], Reading]]
    columns: Mapping[str, TypedColumn]
    beside: tuple[Beside, ...]
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerBatch:
    """n rows that can be rows of the kind, in file order, and those beside them that cannot.

    `lines` (n,) int64: physical lines, 1-based (rows of the sheet). `keys` (n,): natural keys, no nulls. `key_hash` (n,) uint64: their
    hashes. `row_hash` (n,) uint64: of the cells as written and of the way they are read; the order of rows and columns does not matter.
    """

    lines: NDArray[np.int64]
    keys: "pa.StringArray"
    key_hash: NDArray[np.uint64]
    row_hash: NDArray[np.uint64]
    quarantined: tuple[Quarantined, ...]
    cells: "tuple[pa.Array, ...]"
    plan: Plan

    @property
    def extra(self) -> "pa.StringArray":
        """JSON of the unmapped cells of each row (n,), null where there are none; made anew each time it is asked for."""
        return join_extra(self.cells, self.plan.header.unmapped, self.plan.rules.empty)

    def chosen(self, rows: NDArray[np.int64]) -> "LedgerBatch":
        """Some of the rows, by position."""
        import pyarrow as pa

        return LedgerBatch(
            lines=self.lines[rows],
            keys=self.keys.take(pa.array(rows)),
            key_hash=self.key_hash[rows],
            row_hash=self.row_hash[rows],
            quarantined=(),
            cells=tuple(_selected(column, rows) for column in self.cells),
            plan=self.plan,
        )

    @classmethod
    def joined(cls, batches: "Sequence[LedgerBatch]") -> "LedgerBatch":
        """The rows of several batches of a ledger, in order."""
        import pyarrow as pa

        cells = zip(*([_decoded(column) for column in batch.cells] for batch in batches), strict=True)
        return cls(
            lines=np.concatenate([batch.lines for batch in batches]),
            keys=pa.concat_arrays([batch.keys for batch in batches]),
            key_hash=np.concatenate([batch.key_hash for batch in batches]),
            row_hash=np.concatenate([batch.row_hash for batch in batches]),
            quarantined=tuple(row for batch in batches for row in batch.quarantined),
            cells=tuple(pa.concat_arrays(list(columns)) for columns in cells),
            plan=batches[0].plan,
        )

    def typed(self, rows: Selection = None) -> Typed:
        """The values of the selected rows and the findings on them; position 0 is the first selected row."""
        import pyarrow as pa

        cells = self.cells if rows is None else tuple(_selected(column, rows) for column in self.cells)
        count = len(cells[0]) if cells else 0
        values: dict[str, pa.Array] = {}
        findings: list[Finding] = []
        for field in self.plan.header.fields:
            name = field.column.name
            values[name], found = self.plan.columns[name].convert(cells[field.index])
            findings += found
        for name, text in self.plan.constants.items():
            repeated = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([text], pa.string()))
            values[name], found = self.plan.columns[name].convert(repeated)
            findings += found
        for beside in self.plan.beside:
            findings += beside.find(values)
        return Typed(values=values, findings=to_table(findings), extra=join_extra(cells, self.plan.header.unmapped, self.plan.rules.empty))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A ledger ready to be read; `batches` may be called again, and reads the file again."""

    facts: LedgerFacts
    source: Source
    plan: Plan
    progress: Progress | None = None

    def batches(self, through: Callable[[Iterator[Block]], Iterator[Block]] = iter) -> Iterator[LedgerBatch]:
        """The rows, at most 65,536 a batch, in file order; memory is bounded but for keys and hashes (about 60 bytes a row).

        `through` may take blocks of the file ahead.
        """
        seen = KeysSeen()
        header = self.plan.header
        for block in through(self.source.blocks(header.last_line, header.width)):
            batch = _batch(block, self.plan, seen)
            if self.progress is not None:
                self.progress(int(batch.lines[-1]) if len(batch.lines) else 0)
            yield batch


def _batch(block: Block, plan: Plan, seen: KeysSeen) -> LedgerBatch:
    import pyarrow as pa

    texts = {field.column.name: block.cells[field.index] for field in plan.header.fields}
    for name, text in plan.constants.items():
        texts[name] = pa.DictionaryArray.from_arrays(np.zeros(len(block.lines), np.int32), pa.array([text], pa.string()))
    keys = natural_keys(texts, plan.kind, plan.readers, plan.rules)
    hashes = _row_hashes(block, plan)
    refused = list(block.refused)
    good = keys.is_valid().to_numpy(zero_copy_only=False)
    sums = find_sums(keys, block.cells, ~good)
    _quarantine_unnamed(block, sums, ~good, plan, refused)
    good &= ~sums
    kept = np.flatnonzero(good)
    if len(kept) < len(good):
        keys = keys.take(pa.array(kept))
    key_hashes = hash_texts(keys)
    repeated = seen.add(keys, key_hashes, block.lines[kept], hashes[kept])
    if repeated:
        _quarantine_repeated(block, kept, keys, repeated, refused)
        keys = keys.take(pa.array(np.delete(np.arange(len(kept)), list(repeated))))
        key_hashes = np.delete(key_hashes, list(repeated))
        kept = np.delete(kept, list(repeated))
    whole = len(kept) == len(good)
    return LedgerBatch(
        lines=block.lines[kept],
        keys=keys,
        key_hash=key_hashes,
        row_hash=hashes[kept],
        quarantined=tuple(sorted(refused, key=lambda row: row.line)),
        cells=block.cells if whole else tuple(column.take(pa.array(kept)) for column in block.cells),
        plan=plan,
    )


def _row_hashes(block: Block, plan: Plan) -> NDArray[np.uint64]:
    named = [(f"column:{field.column.name}", field.index) for field in plan.header.fields]
    named += [(f"header:{name}", index) for index, name in plan.header.unmapped]
    return hash_rows(
        [(name, hash_texts(block.cells[index])) for name, index in named], hash_text(f"{EDITION}:{plan.statement}"), len(block.lines)
    )


def _quarantine_unnamed(block: Block, sums: NDArray[np.bool_], unnamed: NDArray[np.bool_], plan: Plan, refused: list[Quarantined]) -> None:
    """Rows of sums and rows that no column names; rows of nothing but blanks are no rows."""
    sets = " or ".join("+".join(identity) for identity in plan.kind.identity)
    for at in np.flatnonzero(sums | unnamed).tolist():
        cells = _row(block, at)
        if sums[at]:
            said = "a row of sums, not a record"
            refused.append(Quarantined(line=int(block.lines[at]), code="ROW_TOTAL", message=said, cells=cells))
        elif any(cell.strip() for cell in cells):
            said = f"nothing says which {plan.kind.en} this is: {sets} is empty"
            refused.append(Quarantined(line=int(block.lines[at]), code="KEY_MISSING", message=said, cells=cells))


def _quarantine_repeated(
    block: Block, kept: NDArray[np.int64], keys: Any, repeated: Mapping[int, tuple[int, bool]], refused: list[Quarantined]
) -> None:
    for index, (first, identical) in repeated.items():
        at = int(kept[index])
        said = f"{keys[index].as_py()!r} stands in line {first} already" + (", the whole row alike" if identical else ", with other cells")
        code = "ROW_DUPLICATE" if identical else "KEY_DUPLICATE"
        refused.append(Quarantined(line=int(block.lines[at]), code=code, message=said, cells=_row(block, at)))


def _row(block: Block, at: int) -> tuple[str, ...]:
    return tuple(column[at].as_py() for column in block.cells)


def _decoded(column: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def _selected(column: "pa.Array", rows: "NDArray[np.bool_] | NDArray[np.int64]") -> "pa.Array":
    import pyarrow as pa

    chosen = column.filter(pa.array(rows)) if rows.dtype == np.bool_ else column.take(pa.array(rows))
    if isinstance(chosen, pa.DictionaryArray) and len(chosen) < len(chosen.dictionary):
        return chosen.dictionary_decode()  # the texts of few rows, not those of the whole batch
    return chosen
