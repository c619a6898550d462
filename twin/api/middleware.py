"""What every answer passes on its way out: the host check, the page's policy, HEAD, faults as problems, ETags of documents."""

import gzip
import logging
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin.api.problems import problem
from twin.api.sending import EACH_TIME, accepts_gzip, content_tag, is_known

__all__ = [
    "CONTENT_POLICY", "DOCUMENTS", "LOCAL_HOSTS", "PACKED_FROM", "POLICY", "DocumentTags", "FaultsAsProblems", "HeadAsGet", "KnownHosts",
    "PolicyHeaders", "host_of",
]  # fmt: skip

CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
POLICY = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
DOCUMENTS = (
    "application/json",
    "application/geo+json",
    "application/schema+json",
    "application/vnd.oai.openapi+json",
    "application/vnd.ogc.fg+json",
)
PACKED_FROM = 1024
log = logging.getLogger(__name__)


class PolicyHeaders:
    """The security headers on every answer, errors among them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in POLICY.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_policy if scope["type"] == "http" else send)


class KnownHosts:
    """Only requests that name one of the hosts: a page of another site cannot reach the local administrator by DNS rebinding."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] in ("http", "websocket"):
            named = Headers(scope=scope).get("host", "")
            if host_of(named) not in self.hosts:
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008, "reason": "HOST_UNKNOWN"})
                    return
                answer = problem(Request(scope), 421, "HOST_UNKNOWN", f"this service is not {named!r}", "ask for 127.0.0.1 or localhost")
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def host_of(named: str) -> str:
    """The host that a `Host` names, without its port."""
    return named if named.endswith("]") else named.rpartition(":")[0] or named


class HeadAsGet:
    """HEAD is GET without the body, on every route."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self.app({**scope, "method": "GET", "twin.head": True} if head else scope, receive, send_without_body if head else send)


class FaultsAsProblems:
    """An exception that nobody expected is logged here and answered as a problem that tells nothing of the inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            answer = problem(Request(scope), 500, "INTERNAL_ERROR", "a fault of the service", "its log says where")
            await answer(scope, receive, send)


class DocumentTags:
    """JSON documents get an ETag by content, go out in gzip where it is taken, and only once: `If-None-Match` is answered 304."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_document(message):
                start = message
            elif start is None:
                await send(message)
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await _send_tagged(scope, start, body, send)

        await self.app(scope, receive, collect)


def _is_document(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and "content-encoding" not in headers and headers.get("content-type", "").startswith(DOCUMENTS)


async def _send_tagged(scope: Scope, start: Message, body: bytes, send: Send) -> None:
    headers = MutableHeaders(raw=list(start["headers"]))
    strong = headers.get("etag", "").startswith('"')
    headers.setdefault("ETag", content_tag(body))
    headers.setdefault("Cache-Control", EACH_TIME)
    if is_known(Headers(scope=scope), headers["ETag"]):
        for name in ("content-length", "content-type"):
            del headers[name]
        await send({"type": "http.response.start", "status": 304, "headers": headers.raw})
        await send({"type": "http.response.body", "body": b""})
        return
    headers.add_vary_header("Accept-Encoding")
    if not strong and len(body) >= PACKED_FROM and accepts_gzip(Headers(scope=scope)):
        body = await run_in_threadpool(gzip.compress, body, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
