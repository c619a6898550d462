"""Bytes as an answer: ETag, `If-None-Match`, gzip that was computed before. Ranges are not offered."""

import gzip
import mimetypes
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from spatial.source import bytes_sha256

__all__ = ["EACH_TIME", "FOREVER", "accepts_gzip", "content_tag", "encode_json", "is_known", "send_bytes", "send_file"]

FOREVER = "public, max-age=31536000, immutable"
EACH_TIME = "private, no-cache"
PACKED_TYPES = ("text/", "application/javascript", "application/json", "application/wasm", "image/svg+xml")
MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}


def send_bytes(request: Request, plain: bytes, packed: bytes | None, *, tag: str, media_type: str, cache: str) -> Response:
    """`packed` (gzip) where the client takes it, else `plain`; 304 where it has them. `tag` names the content."""
    zipped = packed is not None and accepts_gzip(request.headers)
    etag = f'"{tag}-gzip"' if zipped else f'"{tag}"'
    headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Accept-Encoding", "Accept-Ranges": "none"}
    if is_known(request.headers, f'"{tag}"') or is_known(request.headers, f'"{tag}-gzip"'):
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(packed if zipped else plain, media_type=media_type, headers=headers)


def send_file(request: Request, path: Path, *, cache: str) -> Response:
    """A file of the built page; packed once a process. Raises FileNotFoundError."""
    stamp = path.stat()
    media_type = MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    tag, plain, packed = _read(path, stamp.st_mtime_ns, stamp.st_size, media_type.startswith(PACKED_TYPES))
    return send_bytes(request, plain, packed, tag=tag, media_type=media_type, cache=cache)


def encode_json(document: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8, the same that `json.dumps` writes, in a fifth of its time."""
    return to_json(document)


def content_tag(body: bytes) -> str:
    """A weak ETag by content: the same document may come packed or not."""
    return f'W/"{bytes_sha256(body)[:32]}"'


def is_known(headers: Headers, etag: str) -> bool:
    """Whether `If-None-Match` names the tag (RFC 9110 §13.1.2: weak comparison, `*` is anything)."""
    sent = [part.strip() for part in headers.get("if-none-match", "").split(",")]
    return "*" in sent or etag.removeprefix("W/") in (part.removeprefix("W/") for part in sent)


def accepts_gzip(headers: Headers) -> bool:
    """Whether `Accept-Encoding` allows gzip: named with a quality above 0, or `*` where it is not named (RFC 9110 §12.5.3)."""
    quality: dict[str, float] = {}
    for part in headers.get("accept-encoding", "").split(","):
        coding, _, parameter = part.partition(";")
        quality[coding.strip().lower()] = _quality(parameter)
    return quality.get("gzip", quality.get("x-gzip", quality.get("*", 0.0))) > 0


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


@lru_cache(maxsize=512)
def _read(path: Path, mtime_ns: int, size: int, packs: bool) -> tuple[str, bytes, bytes | None]:
    plain = path.read_bytes()
    return bytes_sha256(plain)[:32], plain, gzip.compress(plain, compresslevel=6, mtime=0) if packs and size > 1024 else None
