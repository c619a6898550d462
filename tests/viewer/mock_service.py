"""A stand-in for the service: the documents and tiles of the tiny site under the real content policy."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.viewer.tiny_live import TinyLive
from tests.viewer.tiny_registers import TinyRegisters
from tests.viewer.tiny_site import TinySite
from twin.api.app import CONTENT_POLICY
from twin.codes import problem_words

__all__ = ["MockService", "serving"]

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".ico": "image/x-icon"}
PAGE_OF_ROOMS = 1
LIVE = {"live", "events", "incidents"}
STALE = {412: "INCIDENT_CHANGED", 428: "PRECONDITION_REQUIRED"}
ROOMS = ["east:room201", "east:room202"]
SPOT = [10.0, 0.0, 4.4]
"""Site-frame metres: on the floor of the first of these rooms."""


class MockService(ThreadingHTTPServer):
    """Serves one site; `state` makes it an empty twin, one whose models have no place yet, or one whose store fails.

    What it does not know is answered with a problem document.
    """

    daemon_threads = True

    def __init__(self, static: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.static = static
        self.tiny = TinySite()
        self.registers = TinyRegisters(ROOMS, SPOT)
        self.live = TinyLive()
        self.state: Literal["whole", "empty", "unplaced", "failing"] = "whole"
        self.broken_layers: set[str] = set()
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(static: Path) -> Iterator[MockService]:
    """The service on a free port, for as long as the block runs."""
    with MockService(static) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: MockService
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.server.asked.append(self.path)
        parts = [unquote(part) for part in address.path.strip("/").split("/")]
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if parts[0] in LIVE and not self.server.live.allowed:
            self._send_problem(403, "FORBIDDEN", "not for this role")
            return
        if parts == ["live"] and (key := self.headers["Sec-WebSocket-Key"]):
            self.close_connection = True
            self.server.live.attach(self.connection, key, self.wfile.write)
            return
        if parts == ["events"]:
            self.close_connection = True
            self.server.live.listen(self.headers["Last-Event-ID"] or query.get("since"), self.wfile.write)
            return
        document = self._document(parts, query) or self.server.live.get(parts, query)
        if document is None:
            document = self.server.registers.get(parts, query)
        if parts[0] in self.server.registers.declines:
            self._send_problem(*self.server.registers.declines[parts[0]], "not as it was asked")
            return
        if self.server.state == "failing" and parts[0] == "sites":
            self._send_problem(500, "INTERNAL_ERROR", "the store is closed")
        elif isinstance(document, bytes):
            self._send(200, "application/octet-stream", document)
        elif document is not None:
            self._send(
                200, "application/json", json.dumps(document).encode(), etag=self.server.live.tag if parts[0] == "incidents" else None
            )
        else:
            self._send_file(address.path)

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        plain = self.headers["Content-Type"] == "application/json"
        body = json.loads(sent) if plain else {"bytes": len(sent), "disposition": self.headers["Content-Disposition"]}
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if parts[0] == "incidents" and (stale := self.server.live.stale(self.headers["If-Match"])) is not None:
            self._send_problem(stale, STALE[stale], "not as it was seen")
            return
        document = self.server.live.post(parts, body) or self.server.registers.post(parts, body)
        if document is None:
            self._send_problem(404, "NOT_FOUND", f"nothing at {self.path}")
            return
        self._send(200, "application/json", json.dumps(document).encode())

    def _document(self, parts: list[str], query: dict[str, str]) -> object:
        tiny, state = self.server.tiny, self.server.state
        match parts:
            case ["sites"]:
                return {"sites": [] if state == "empty" else [{"code": "tiny", "name": "屏山小院"}]}
            case ["sites", "tiny"]:
                return tiny.site() | ({"tilesets": []} if state == "unplaced" else {})
            case ["sites", "tiny", "tree"]:
                return tiny.tree() if state != "unplaced" else tiny.unplaced_tree()
            case ["sites", "tiny", "features", feature] if feature in tiny.features:
                return tiny.features[feature]
            case ["sites", "tiny", "features", feature, "children"]:
                return self._children(feature, query)
            case ["tiles", "tiny", key, "tileset.json"] if key not in self.server.broken_layers:
                return tiny.tileset(key)
            case ["tiles", "tiny", key, "content.glb"]:
                return tiny.glb(key)
        return None

    def _children(self, storey: str, query: dict[str, str]) -> dict[str, object]:
        rooms = [room for room in self.server.tiny.children(storey) if str(room["id"]) > query.get("after", "")]
        page = rooms[:PAGE_OF_ROOMS]
        after = quote(str(page[-1]["id"]), safe="") if len(rooms) > PAGE_OF_ROOMS else None
        address = f"/sites/tiny/features/{quote(storey, safe='')}/children?kind=space&limit=500&after={after}"
        return {"features": page, "next": address if after else None}

    def _send_file(self, path: str) -> None:
        file = self.server.static / (path.strip("/") or "index.html")
        if file.is_file() and ".." not in path:
            self._send(200, TYPES.get(file.suffix, "application/octet-stream"), file.read_bytes())
            return
        self._send_problem(404, "NOT_FOUND", f"nothing at {path}")

    def _send_problem(self, status: int, code: str, detail: str) -> None:
        said = problem_words(status, code)
        problem = {"type": "about:blank", "title": said.phrase["en"], "status": status, "detail": detail, "instance": self.path}
        problem |= {"code": code, "hint": "", "words": said.words, "advice": said.advice}
        self._send(status, "application/problem+json", json.dumps(problem).encode())

    def _send(self, status: int, media_type: str, body: bytes, *, etag: str | None = None) -> None:
        self.send_response(status)
        if etag is not None:
            self.send_header("ETag", etag)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CONTENT_POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on stderr."""
