"""Files that prove what a request says: kept by their hash among the originals, named by the request, shown to who may see all it is about.

A file is kept before the row that names it is committed; what a killed process left under no name is not served.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_

from spatial.source import bytes_sha256
from twin.auth import Action, Principal, allows
from twin.codes import list_kinds
from twin.errors import Forbidden, MediaUnsupported, NotFound, Refused, TooLarge
from twin.imports.originals import is_original_kept, keep_original
from twin.queries.evidence_types import EvidenceType, evidence_rules, sniff
from twin.queries.records.context import Registers, reader_of
from twin.queries.requests import seen_request, withheld_from
from twin.records.read import records_where
from twin.records.requests import Request, amend_request
from twin.records.scope import Reader, visible_conditions
from twin.settings import Settings
from twin.store import record_schema as schema
from twin.store.staging import staging

__all__ = ["EvidenceFile", "attach_evidence", "find_evidence", "require_size"]

NAME_CHARACTERS = 200
ANYTHING = ("", "application/octet-stream")
"""Declared types that say nothing: the bytes alone count."""
TEXTS = ("text/plain", "text/csv", "text/markdown", "application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """A file of a request as it is sent: where it lies, its hash, type and the name it was handed in under."""

    path: Path
    sha256: str
    media_type: str
    name: str


def require_size(size: int) -> None:
    """Raise TooLarge (`EVIDENCE_TOO_LARGE`) for more bytes than a file may have."""
    most = evidence_rules().most_bytes
    if size > most:
        message = f"a file of evidence has at most {most // 2**20} MB"
        raise TooLarge(message, code="EVIDENCE_TOO_LARGE", path="evidence", hint="scan it in grey, or cut it into parts")


def attach_evidence(
    registers: Registers, settings: Settings, principal: Principal, request_id: int, content: bytes, *, declared: str, name: str
) -> dict[str, Any]:
    """The request with the file; the same bytes again change nothing.

    For the applicant, and who decides, while the request is open. `declared` is the media type its sender names. Raises NotFound,
    Forbidden, TooLarge, MediaUnsupported (`EVIDENCE_TYPE_REFUSED`), Refused (`STEP_NOT_ALLOWED` once it is closed, `EVIDENCE_MANY`).
    """
    require_size(len(content))
    kind = _type_of(content, declared)
    sha256, shown = bytes_sha256(content), _shown_name(name, kind)
    with registers.store.database.reading() as connection:
        _require_open(_request(registers, connection, principal, request_id), principal)
    _keep(content, sha256, kind, settings.models_dir)
    with registers.store.database.writing() as connection:
        request = _request(registers, connection, principal, request_id)
        _require_open(request, principal)
        files = list(request.payload.get("files", []))
        if all(one["sha256"] != sha256 for one in files):
            most = evidence_rules().most_files
            if len(files) >= most:
                hint = "join pages to one PDF"
                raise Refused(f"a request has at most {most} files", code="EVIDENCE_MANY", path=str(request_id), hint=hint)
            facts = {"sha256": sha256, "name": shown, "media_type": kind.media_type, "bytes": len(content)}
            files.append(facts | {"who": principal.name, "at": registers.now().isoformat()})
            request = amend_request(connection, request, {**request.payload, "files": files})
    return request.to_json(withheld=withheld_from(reader_of(principal)))


def find_evidence(registers: Registers, settings: Settings, principal: Principal, request_id: int, sha256: str) -> EvidenceFile:
    """A file of a request; raises NotFound where there is none for this reader, `ORIGINAL_LOST` where it is gone from the disk."""
    with registers.store.database.reading() as connection:
        request = _request(registers, connection, principal, request_id)
    facts = next((one for one in request.payload.get("files", []) if one["sha256"] == sha256), None)
    if facts is None:
        raise NotFound(f"request {request_id} has no such file", path=sha256)
    suffix = next(one.suffix for one in evidence_rules().types if one.media_type == facts["media_type"])
    path = settings.models_dir / f"{sha256}{suffix}"
    if not path.is_file():
        path = next(iter(sorted(settings.models_dir.glob(f"{sha256}*"))), path)
    if not path.is_file():
        raise NotFound(f"the file {facts['name']} is gone", code="ORIGINAL_LOST", path=facts["name"], hint="restore it from a backup")
    return EvidenceFile(path=path, sha256=sha256, media_type=facts["media_type"], name=facts["name"])


def _request(registers: Registers, connection: Connection, principal: Principal, request_id: int) -> Request:
    """The request, where the reader may know of it, of every record that it is about, and of the field it corrects."""
    request, reader = seen_request(connection, registers, request_id, principal), reader_of(principal)
    hidden = request.payload.get("field") in withheld_from(reader)
    if hidden or not _sees_all(registers, connection, request, reader):
        raise NotFound(f"there is no request {request_id}", path=str(request_id))
    return request


def _sees_all(registers: Registers, connection: Connection, request: Request, reader: Reader) -> bool:
    if reader.sees_all or not request.records:
        return True
    places, units = registers.shelf.places(connection), registers.shelf.units(connection)
    left = set(request.records)
    for kind in list_kinds():
        if left and (kind.name != "person" or reader.persons):
            table = schema.kind_table(kind.name)
            seen = and_(table.c.record_id.in_(sorted(left)), *visible_conditions(kind, reader, places, units))
            left -= {record.id for record in records_where(connection, kind, seen)}
    return not left


def _require_open(request: Request, principal: Principal) -> None:
    if principal.name != request.applicant and not allows(principal, Action.DECIDE_REQUEST):
        raise Forbidden(f"evidence is for {request.applicant}, who filed the request, and who decides", path=str(request.id))
    if request.closed_us is not None:
        hint = "file another request"
        raise Refused(f"request {request.id} is {request.state}", code="STEP_NOT_ALLOWED", path=str(request.id), hint=hint)


def _type_of(content: bytes, declared: str) -> EvidenceType:
    found = sniff(content)
    said = declared.partition(";")[0].strip().lower()
    agrees = found is not None and (said in (*ANYTHING, found.media_type) or (found.text and said in TEXTS))
    if found is None or not agrees:
        what = "is none of these" if found is None else f"is {found.media_type}, and its sender says {said}"
        hint = f"one of: {', '.join(evidence_rules().media_types)}"
        raise MediaUnsupported(f"the file {what}", code="EVIDENCE_TYPE_REFUSED", path="Content-Type", hint=hint)
    return found


def _shown_name(name: str, kind: EvidenceType) -> str:
    """The name without folders, control characters and anything a file system or header would trip over; with the suffix of its type."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter for letter in last if letter.isprintable() and letter not in '"<>:|?*').strip(". ")
    stem = plain.rpartition(".")[0] or plain or "evidence"
    return f"{stem[:NAME_CHARACTERS]}{kind.suffix}"


def _keep(content: bytes, sha256: str, kind: EvidenceType, models_dir: Path) -> None:
    if is_original_kept(sha256, models_dir):
        return
    with staging(models_dir) as incoming:
        staged = incoming / f"evidence{kind.suffix}"
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        keep_original(staged, sha256, models_dir)
