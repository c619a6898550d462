"""Opening an IFC file so that nothing is lost silently.

A truncated file opens without a word and a stray comment swallows thousands of entities, so the text itself is read
first: header, schema, the closing line, entities defined against entities loaded, references that lead nowhere.
"""

import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import numpy as np
from numpy.typing import NDArray

from bim.encoding import STRING_OR_COMMENT, repair_text
from bim.errors import IfcEntitiesLost, IfcHeaderInvalid, IfcSchemaUnsupported, IfcTruncated
from spatial.issue import Issue, Severity
from spatial.source import sha256_of

__all__ = ["SCHEMAS", "OpenedIfc", "open_ifc"]

SCHEMAS = ("IFC2X3", "IFC4", "IFC4X3_ADD2")
MAX_UNZIPPED_BYTES = 8 << 30

_SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']*)'", re.IGNORECASE)
_LISTED_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedIfc:
    """A file that passed the checks.

    `ifc` is the ifcopenshell file; `path` the plain STEP file for geometry engines (unpacked where the original is an
    archive; valid while the context of `open_ifc` is open); `name` and `sha256` those of the original;
    `step_order` (n,) int64 the step ids in the order of the text.
    """

    ifc: Any
    path: Path
    name: str
    sha256: str
    schema: str
    step_order: NDArray[np.int64]
    issues: tuple[Issue, ...]


@contextmanager
def open_ifc(path: Path) -> Iterator[OpenedIfc]:
    """The checked file at `path` (`.ifc` or `.ifczip`), open until the block ends.

    Raises IfcHeaderInvalid, IfcTruncated, IfcSchemaUnsupported, IfcEntitiesLost; findings (`REFERENCE_MISSING`,
    `TEXT_ENCODING_REPAIRED`, `TEXT_ENCODING_UNKNOWN`) are in `issues`.
    """
    with tempfile.TemporaryDirectory(prefix="bim-") as folder:
        plain = _unpacked(path, Path(folder)) if _is_archive(path) else path
        yield _opened(path, plain, Path(folder))


def _is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _unpacked(path: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.lower().endswith(".ifc")]
            if len(members) != 1:
                raise IfcHeaderInvalid(
                    f"{path.name}: an .ifczip holds one .ifc, this one {len(members)}", hint="unpack it and import each file"
                )
            if members[0].file_size > MAX_UNZIPPED_BYTES:
                raise IfcHeaderInvalid(
                    f"{path.name}: unpacks to {members[0].file_size:,} bytes", hint=f"the limit is {MAX_UNZIPPED_BYTES:,}"
                )
            target = folder / "unpacked.ifc"
            target.write_bytes(archive.read(members[0]))
            return target
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise IfcHeaderInvalid(f"{path.name}: broken archive ({error})", hint="send the plain .ifc") from error


def _opened(original: Path, plain: Path, folder: Path) -> OpenedIfc:
    text = plain.read_bytes()
    name = original.name
    schema = _checked_header(text, name)
    bare = STRING_OR_COMMENT.sub(b"''", text)
    if b"END-ISO-10303-21" not in bare:
        raise IfcTruncated(f"{name}: the closing END-ISO-10303-21; is missing, the file is cut off", hint="export or copy it again")
    order = np.array(re.findall(rb"#(\d+)\s*=", bare), dtype=np.int64)
    issues: list[Issue] = []
    repair = repair_text(text)
    source = plain
    if repair.codec is not None:
        source = folder / "recoded.ifc"
        source.write_bytes(repair.text)
        issues.append(_issue("TEXT_ENCODING_REPAIRED", name, f"{repair.strings} texts were written as {repair.codec} bytes; read as such"))
    elif repair.strings:
        issues.append(
            _issue("TEXT_ENCODING_UNKNOWN", name, f"{repair.strings} texts hold bytes of no codec we recognise; kept as ISO 8859-1")
        )
    ifc = _loaded(source, name, schema)
    loaded = len(ifc.entity_names())
    if loaded != len(order):
        raise IfcEntitiesLost(
            f"{name}: the text defines {len(order):,} entities, {loaded:,} loaded (a stray comment, or a number used twice)",
            defined=len(order),
            loaded=loaded,
            hint="export it again; do not import a part of it",
        )
    issues += _missing_references(bare, order, name)
    return OpenedIfc(ifc=ifc, path=plain, name=name, sha256=sha256_of(original), schema=schema, step_order=order, issues=tuple(issues))


def _checked_header(text: bytes, name: str) -> str:
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"ISO-10303-21;"):
        raise IfcHeaderInvalid(f"{name}: does not begin with ISO-10303-21;", hint="is this an IFC STEP file?")
    head = STRING_OR_COMMENT.sub(lambda match: b"" if match.group().startswith(b"/*") else match.group(), text[: 1 << 20])
    match = _SCHEMA.search(head)
    if match is None:
        raise IfcHeaderInvalid(f"{name}: the header names no FILE_SCHEMA", hint="export it again")
    schema = match.group(1).decode("ascii", errors="replace").strip().upper()
    if schema not in SCHEMAS:
        raise IfcSchemaUnsupported(
            f"{name}: schema {schema} is not supported ({', '.join(SCHEMAS)} are)", schema=schema, hint="export it as IFC4 or IFC4X3_ADD2"
        )
    return schema


def _loaded(source: Path, name: str, schema: str) -> Any:
    try:
        return ifcopenshell.open(str(source))
    except ifcopenshell.SchemaError as error:
        raise IfcSchemaUnsupported(f"{name}: {error}", schema=schema, hint="export it as IFC4 or IFC4X3_ADD2") from error
    except (ifcopenshell.Error, RuntimeError) as error:
        raise IfcHeaderInvalid(f"{name}: {error}", hint="export it again") from error


def _missing_references(bare: bytes, order: NDArray[np.int64], name: str) -> list[Issue]:
    missing = sorted(set(map(int, set(re.findall(rb"#(\d+)", bare)))).difference(order.tolist()))
    if not missing:
        return []
    shown = ", ".join(f"#{number}" for number in missing[:_LISTED_MAX])
    more = f" and {len(missing) - _LISTED_MAX} more" if len(missing) > _LISTED_MAX else ""
    return [
        Issue(
            code="REFERENCE_MISSING",
            path=name,
            message=f"{len(missing)} entities are referred to and not there: {shown}{more}",
            severity=Severity.ERROR,
            source=name,
        )
    ]


def _issue(code: str, name: str, message: str) -> Issue:
    return Issue(code=code, path=name, message=message, severity=Severity.WARNING, source=name)
