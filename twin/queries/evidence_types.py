"""What a file is that somebody hands in as evidence: told by its bytes, from `evidence_types.toml`. Nothing of it is run or unpacked."""

from __future__ import annotations

import io
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["EvidenceRules", "EvidenceType", "evidence_rules", "sniff"]

PEEKED = 65_536
BARE = "<"
"""What a text must not begin with: a browser might take it for a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceType:
    """A row: a media type, the suffix of its files, and how it is told: a magic at a byte, members of a zip, or plain text."""

    media_type: str
    suffix: str
    begins: bytes = b""
    at: int = 0
    holds: tuple[str, ...] = ()
    text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRules:
    """The types that are taken, how large a file may be, how many a request may have."""

    types: tuple[EvidenceType, ...]
    programs: tuple[str, ...]
    most_bytes: int
    most_files: int

    @property
    def media_types(self) -> tuple[str, ...]:
        """Each media type once."""
        return tuple(dict.fromkeys(one.media_type for one in self.types))


@cache
def evidence_rules() -> EvidenceRules:
    """The rules of the package."""
    table = tomllib.loads(files("twin.queries").joinpath("evidence_types.toml").read_text(encoding="utf-8"))
    types = tuple(
        EvidenceType(
            **row | {"begins": bytes.fromhex(row.get("begins", "")), "holds": tuple(row.get("holds", ()))},
        )
        for row in table["types"]
    )
    return EvidenceRules(types=types, programs=tuple(table["programs"]), most_bytes=table["most_bytes"], most_files=table["most_files"])


def sniff(content: bytes) -> EvidenceType | None:
    """The type of these bytes, None where it is none that is taken.

    >>> sniff(b"%PDF-1.7 ...").media_type
    'application/pdf'
    """
    rules = evidence_rules()
    for one in rules.types:
        if one.begins and content[one.at : one.at + len(one.begins)] == one.begins:
            return one
    members = _members(content)
    if members is not None:
        found = next((one for one in rules.types if one.holds and set(one.holds) <= set(members)), None)
        unsafe = any(program in member.lower() for member in members for program in rules.programs)
        return None if unsafe else found
    return next((one for one in rules.types if one.text), None) if _is_text(content) else None


def _members(content: bytes) -> list[str] | None:
    """The names in a zip, None for what is none."""
    if not content.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return packed.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return []


def _is_text(content: bytes) -> bool:
    if not content.strip():
        return False
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        plain = all(letter.isprintable() or letter in "\t\r\n\u3000\u00a0" for letter in text[:PEEKED])
        return plain and "\x00" not in text and not text.lstrip().startswith(BARE)
    return False
