"""ETags of records and `If-Match` (RFC 9110 §13.1.1): nobody writes over what they have not seen."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.responses import Response

from spatial.source import bytes_sha256
from twin.api.documents import bilingual
from twin.api.sending import encode_json
from twin.errors import Refused, TwinError
from twin.queries.records.editing import PRECONDITION

__all__ = ["IfMatch", "PreconditionFailed", "PreconditionRequired", "SeenVersion", "seen_version", "stale", "tag_of", "tagged"]


class PreconditionRequired(TwinError):
    """A change without `If-Match`: 428."""

    code = "PRECONDITION_REQUIRED"


class PreconditionFailed(TwinError):
    """`If-Match` names another state than the record has: 412."""

    code = "PRECONDITION_FAILED"


def tagged(document: Mapping[str, Any], version: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A record with its ETag `"VERSION-DIGEST"`: the digest tells what else the document says (its place)."""
    body = encode_json(document)
    return Response(body, status_code=status, media_type="application/json", headers={"ETag": tag_of(version, body), **(headers or {})})


def tag_of(version: str, body: bytes) -> str:
    """The ETag of a record that says this."""
    return f'"{version}-{bytes_sha256(body)[:16]}"'


IfMatch = Annotated[str, Header(description=bilingual("读取时的 ETag,或 *", "the ETag of a GET, or *"), json_schema_extra={"example": "*"})]


def seen_version(if_match: IfMatch = "") -> str | None:
    """The version that `If-Match` names, None for `*`. Raises PreconditionRequired, PreconditionFailed for a list or a weak tag."""
    said = if_match.strip()
    if not said:
        raise PreconditionRequired("a change says which state it is of", path="If-Match", hint="send the ETag of a GET as If-Match")
    if said == "*":
        return None
    if not (said.startswith('"') and said.endswith('"') and said.count('"') == 2):
        raise PreconditionFailed(f"{said} is not one strong ETag", path="If-Match", hint="send the ETag of a GET as it came")
    return said.strip('"').rpartition("-")[0] or said.strip('"')


SeenVersion = Annotated[str | None, Depends(seen_version)]
"""What a change was decided upon; its place in the signature puts `If-Match` into the OpenAPI document."""


def stale(error: Refused) -> Exception:
    """The refusal as it is answered: 412 where the record has changed since it was seen."""
    if error.code != PRECONDITION:
        return error
    return PreconditionFailed(error.message, path=error.path, hint=error.hint)
