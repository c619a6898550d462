"""Bodies of requests: JSON as RFC 8259 has it and nothing wider, of a size that is looked at, under the name it goes by."""

import json
import math
from collections.abc import Sequence
from typing import Any

from fastapi import Request

from twin.errors import Invalid, MediaUnsupported, TooLarge

__all__ = ["LARGEST_INTEGER", "MOST_BODY_BYTES", "is_json", "parse_json", "read_document", "read_limited", "require_json_type"]

MOST_BODY_BYTES = 16 * 2**20
LARGEST_INTEGER = 2**63 - 1
"""What both databases keep in an integer; ids, fen and counts are below it by far."""
DEEPEST = 100
HINT = "one JSON document (RFC 8259) in UTF-8"


async def read_document(request: Request) -> Request:
    """The request with its JSON body read; raises MediaUnsupported, TooLarge, Invalid."""
    require_json_type(request)
    content = await read_limited(request, MOST_BODY_BYTES)
    return _Read(request, content, parse_json(content) if content else None)


class _Read(Request):
    """A request whose body has been read."""

    def __init__(self, request: Request, content: bytes, document: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._content = content
        self._document = document

    async def body(self) -> bytes:
        return self._content

    async def json(self) -> Any:
        return self._document


def is_json(media_type: str) -> bool:
    """Whether a Content-Type says JSON: `application/json`, or a type with the suffix `+json` (RFC 6839).

    >>> is_json("application/json; charset=utf-8"), is_json("application/geo+json"), is_json("text/json")
    (True, True, False)
    """
    essence = media_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def require_json_type(request: Request) -> None:
    """Raise MediaUnsupported (`BODY_TYPE_REFUSED`) for a body under another name than JSON's."""
    said = request.headers.get("content-type", "")
    if not is_json(said):
        what = f"a body of the type {said!r}" if said else "a body without its type"
        raise MediaUnsupported(what, path="Content-Type", code="BODY_TYPE_REFUSED", hint="Content-Type: application/json")


async def read_limited(request: Request, most_bytes: int) -> bytes:
    """The body; TooLarge (`BODY_TOO_LARGE`) as soon as more has come, or is announced, than `most_bytes`."""
    announced = request.headers.get("content-length", "")
    content = bytearray()
    if _is_more(announced, most_bytes):
        raise _too_large(most_bytes)
    async for chunk in request.stream():
        content += chunk
        if len(content) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(content)


def parse_json(content: bytes) -> Any:
    """The document, in which every text can be written as UTF-8 and every number kept.

    Raises Invalid (`BODY_INVALID`) for what RFC 8259 does not allow (NaN, Infinity, other encodings), for names given twice in
    one object, for numbers beyond float64 or 64 bits, NUL characters, halves of surrogate pairs, and nesting deeper than 100.
    """
    try:
        document = json.loads(
            content.decode(), parse_constant=_refuse_constant, parse_float=_number, parse_int=_integer, object_pairs_hook=_object
        )
    except RecursionError:
        raise _invalid(f"nested deeper than {DEEPEST}") from None
    except UnicodeDecodeError as error:
        raise _invalid(f"no UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg} at character {error.pos}") from None
    _check(document, 0, escaped=b"\\u" in content)
    return document


def _check(node: Any, depth: int, *, escaped: bool) -> None:
    """Raise Invalid for what is nested too deep, and, where characters were escaped, for texts that cannot be written."""
    if isinstance(node, str):
        if escaped:
            _require_text(node)
    elif isinstance(node, dict | list):
        if depth == DEEPEST:
            raise _invalid(f"nested deeper than {DEEPEST}")
        for name in node if isinstance(node, dict) and escaped else ():
            _require_text(name)
        for one in node.values() if isinstance(node, dict) else node:
            if not isinstance(one, int | float):
                _check(one, depth + 1, escaped=escaped)


def _require_text(text: str) -> None:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _invalid("a text with a NUL character or half of a surrogate pair")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _invalid(f"{next(name for name in names if names.count(name) > 1)!r} is given twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise _invalid(f"{name} is no number of JSON")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _invalid("a number beyond float64")
    return number


def _integer(text: str) -> int:
    number = int(text) if len(text) <= 20 else LARGEST_INTEGER + 1
    if abs(number) > LARGEST_INTEGER:
        raise _invalid("an integer beyond 64 bits")
    return number


def _is_more(announced: str, most_bytes: int) -> bool:
    return announced.isascii() and announced.isdigit() and (len(announced) > 18 or int(announced) > most_bytes)


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"a body of more than {most_bytes:,} bytes", path="body", code="BODY_TOO_LARGE", hint="send it in parts")


def _invalid(what: str) -> Invalid:
    return Invalid(f"the body: {what.encode('utf-8', 'backslashreplace').decode()}", path="body", code="BODY_INVALID", hint=HINT)
