"""Evidence of requests: a file handed in as the body of a POST, and given back to who may see all that the request is about."""

from email.message import Message
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Path, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.record_documents import RequestDocument
from twin.api.registers import Petitioner, ReaderOf, registers_of
from twin.api.router import Router
from twin.api.sending import EACH_TIME, send_bytes
from twin.api.values import Id
from twin.errors import Invalid
from twin.queries.evidence import attach_evidence, find_evidence, require_size
from twin.queries.evidence_types import evidence_rules

__all__ = ["router"]

router = Router(tags=["requests"], responses=NOT_FOUND)
RequestId = Annotated[Id, Path(description=bilingual("申请编号", "number of the request"))]
Hash = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256")]
BODY = {
    "requestBody": {
        "required": True,
        "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in evidence_rules().media_types},
    }
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {one: {"schema": {"type": "string", "format": "binary"}} for one in evidence_rules().media_types}}
}
LOCKED = "default-src 'none'; sandbox"


@router.post(
    "/requests/{request_id}/evidence", summary=bilingual("附上证据", "attach evidence"), response_model=RequestDocument, openapi_extra=BODY
)
async def attach(request: Request, principal: Petitioner, request_id: RequestId) -> dict[str, Any]:
    """正文即文件;名称在 Content-Disposition。The body is the file, its name stands in Content-Disposition."""
    content = await _body(request)
    return await run_in_threadpool(
        attach_evidence,
        registers_of(request),
        request.app.state.settings,
        principal,
        request_id,
        content,
        declared=request.headers.get("content-type", ""),
        name=_file_name(request.headers.get("content-disposition", "")),
    )


@router.get(
    "/requests/{request_id}/evidence/{sha256}", summary=bilingual("一份证据", "a file of evidence"), response_class=Response, responses=FILE
)
def download(request: Request, principal: ReaderOf, request_id: RequestId, sha256: Hash) -> Response:
    """作为附件下载,不在浏览器中打开。Given as an attachment, never opened in the page."""
    file = find_evidence(registers_of(request), request.app.state.settings, principal, request_id, sha256)
    answer = send_bytes(request, file.path.read_bytes(), None, tag=sha256[:32], media_type=file.media_type, cache=EACH_TIME)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    answer.headers["Content-Security-Policy"] = LOCKED
    return answer


async def _body(request: Request) -> bytes:
    """The body; TooLarge as soon as more has come, or is announced, than a file may have."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal():
        require_size(int(announced))
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        require_size(len(content))
    if not content:
        raise Invalid("the body is empty: it is to be the file", path="body", code="REQUEST_INVALID", hint="POST the bytes of the file")
    return bytes(content)


def _file_name(disposition: str) -> str:
    """The file name of a Content-Disposition (RFC 6266, 5987), empty for none."""
    message = Message()
    message["Content-Disposition"] = disposition or "attachment"
    return message.get_filename() or ""
