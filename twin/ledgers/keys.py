"""The natural key of each row: the first complete set of the kind's identity, readable, the same for every way of writing it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from twin.codes import Column, ColumnType, RecordKind
from twin.ledgers.readers import NOTHING
from twin.ledgers.rules import Reading, Rules
from twin.ledgers.words import normalise

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["key_of", "natural_keys"]

READ_FIRST = frozenset({ColumnType.DATE, ColumnType.MONTH, ColumnType.ENUM})
"""Types whose value names the record, not the way it is written: 2025年1月 and 2025-01 are one month."""

SEPARATOR = "/"


def natural_keys(
    texts: "Mapping[str, pa.Array]", kind: RecordKind, readers: Mapping[str, Callable[[str], Reading]], rules: Rules
) -> "pa.Array":
    """The keys (n,) of n rows, null for a row that no set of the identity names; `texts` are the cells by column name."""
    import pyarrow.compute as pc

    found: pa.Array | None = None
    for number, identity in enumerate(kind.identity):
        if not all(name in texts for name in identity):
            continue
        parts = [_parts(texts[name], kind.column(name), readers[name], rules) for name in identity]
        keys = _joined(parts, identity, kind, later=number > 0)
        found = keys if found is None else pc.coalesce(found, keys)
        if not found.null_count:
            break
    assert found is not None
    return found


def key_of(values: Mapping[str, str], kind: RecordKind) -> str | None:
    """The key of one row from values as they are kept (enumerations by code): what `natural_keys` makes of the same row."""
    for number, identity in enumerate(kind.identity):
        parts = [normalise(values.get(name) or "", kind.column(name).normalise) for name in identity]
        if all(parts):
            return _join(parts, identity, kind, later=number > 0)
    return None


def _parts(texts: "pa.Array", column: Column, read: Callable[[str], Reading], rules: Rules) -> "pa.Array":
    """The normalised part of each row, null where the cell is empty; read once for each distinct text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def part(text: str) -> str | None:
        value, trouble = read(text)
        if value is None and trouble in NOTHING:
            return None
        return str(value) if column.type in READ_FIRST and trouble is None else normalise(text, column.normalise) or None

    if isinstance(texts, pa.DictionaryArray):
        return pa.array([part(text) for text in texts.dictionary.to_pylist()], pa.string()).take(texts.indices)
    if column.normalise or column.type in READ_FIRST:
        return pa.array([part(text) for text in texts.to_pylist()], pa.string())
    shortest = 1 + max(map(len, rules.empty), default=0)
    simple = pc.match_substring_regex(texts, f'^[!"$-~][!-~]{{{shortest - 1},}}$')
    if pc.all(simple).as_py():
        return texts
    odd = pc.invert(simple)
    return pc.replace_with_mask(texts, odd, pa.array([part(text) for text in texts.filter(odd).to_pylist()], pa.string()))


def _joined(parts: "Sequence[pa.Array]", identity: Sequence[str], kind: RecordKind, *, later: bool) -> "pa.Array":
    import pyarrow.compute as pc

    escaped = [_escape_all(part, more=len(parts) > 1) for part in parts]
    keys = escaped[0] if len(parts) == 1 else pc.binary_join_element_wise(*escaped, SEPARATOR, null_handling="emit_null")
    if later:
        return pc.binary_join_element_wise(_prefix(identity), keys, "", null_handling="emit_null")
    for prefix in _prefixes(kind):
        clash = pc.starts_with(keys, prefix)
        if pc.any(clash).as_py():
            keys = pc.if_else(clash, pc.binary_join_element_wise("\\", keys, "", null_handling="emit_null"), keys)
    return keys


def _join(parts: Sequence[str], identity: Sequence[str], kind: RecordKind, *, later: bool) -> str:
    escaped = [part.replace("\\", "\\\\") for part in parts]
    if len(parts) > 1:
        escaped = [part.replace(SEPARATOR, "\\" + SEPARATOR) for part in escaped]
    key = SEPARATOR.join(escaped)
    if later:
        return _prefix(identity) + key
    return "\\" + key if key.startswith(tuple(_prefixes(kind))) else key


def _escape_all(part: "pa.Array", *, more: bool) -> "pa.Array":
    import pyarrow.compute as pc

    for mark in ("\\", SEPARATOR) if more else ("\\",):
        if pc.any(pc.match_substring(part, mark)).as_py():
            part = pc.replace_substring(part, mark, "\\" + mark)
    return part


def _prefix(identity: Sequence[str]) -> str:
    return "+".join(identity) + "="


def _prefixes(kind: RecordKind) -> list[str]:
    return [_prefix(identity) for identity in kind.identity[1:]]
