r"""Names that old exporters wrote as raw GBK, Shift-JIS or UTF-8 bytes, written anew as ISO 10303-21 `\X2\` text.

The bytes come bare or as the escapes `\X\8A`, `\S\"`, which a reader must take as ISO 8859-1: `1階` shows as `1\x8aK`.
"""

import re
from dataclasses import dataclass

__all__ = ["STRING_OR_COMMENT", "Repair", "repair_text"]

STRING_OR_COMMENT = re.compile(rb"'(?:[^'\\]++|''|\\\\|\\S\\.|\\)*+'|/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(rb"\\X2\\[0-9A-Fa-f]*\\X0\\|\\X4\\[0-9A-Fa-f]*\\X0\\|\\X\\([0-9A-Fa-f]{2})|\\S\\(.)|\\P[A-I]\\|(\\\\)", re.DOTALL)
_SUSPECT = re.compile(rb"[\x80-\xff]|\\X\\[89A-Fa-f]|\\S\\")
_ENOUGH = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Outcome: the text to open, the codec that was found (None: left as it is), how many strings were rewritten or look odd."""

    text: bytes
    codec: str | None
    strings: int


def repair_text(text: bytes) -> Repair:
    r"""The same file with its legacy strings as `\X2\` text; untouched where no codec fits clearly (then Latin-1, as the standard has it).

    >>> repair_text(b"#1=IFCLABEL('\xe9\x97\xa8');").text
    b"#1=IFCLABEL('\\X2\\95E8\\X0\\');"
    """
    if not _SUSPECT.search(text):
        return Repair(text=text, codec=None, strings=0)
    suspects = [body for body in map(_body, STRING_OR_COMMENT.findall(text)) if body is not None and _SUSPECT.search(body)]
    if not suspects:
        return Repair(text=text, codec=None, strings=0)
    codec = _find_codec([_legacy_bytes(body) for body in suspects])
    if codec is None:
        bare = sum(1 for body in suspects if re.search(rb"[\x80-\xff]", body))
        return Repair(text=text, codec=None, strings=bare)
    rewritten = 0

    def rewrite(match: re.Match[bytes]) -> bytes:
        nonlocal rewritten
        body = _body(match.group())
        if body is None or not _SUSPECT.search(body):
            return match.group()
        rewritten += 1
        own = "utf-8" if _is_utf8(_legacy_bytes(body)) else codec
        return b"'" + _encoded(body, own) + b"'"

    return Repair(text=STRING_OR_COMMENT.sub(rewrite, text), codec=codec, strings=rewritten)


def _body(literal: bytes) -> bytes | None:
    return literal[1:-1].replace(b"''", b"'") if literal.startswith(b"'") else None


def _pieces(body: bytes) -> list[tuple[bool, bytes]]:
    """(is it finished ISO text, bytes) in order: bare bytes and the escapes of single bytes are joined to legacy bytes."""
    pieces: list[tuple[bool, bytes]] = []
    legacy = bytearray()
    at = 0
    for match in _TOKEN.finditer(body):
        legacy += body[at : match.start()]
        at = match.end()
        if match.group(1) is not None:
            legacy.append(int(match.group(1), 16))
        elif match.group(2) is not None:
            legacy.append((match.group(2)[0] + 128) % 256)
        elif match.group(3) is not None:
            legacy += b"\\"
        elif match.group().startswith(b"\\X"):
            pieces += [(False, bytes(legacy)), (True, match.group())]
            legacy.clear()
    legacy += body[at:]
    pieces.append((False, bytes(legacy)))
    return [piece for piece in pieces if piece[1]]


def _legacy_bytes(body: bytes) -> bytes:
    return b" ".join(data for finished, data in _pieces(body) if not finished)


def _find_codec(samples: list[bytes]) -> str | None:
    others = [sample for sample in samples if not _is_utf8(sample)]
    if not others:
        return "utf-8"
    scores = {codec: _score(others, codec) for codec in ("cp932", "gb18030")}
    best = max(scores, key=lambda codec: scores[codec])
    return best if scores[best] >= _ENOUGH else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _score(samples: list[bytes], codec: str) -> float:
    """Share of the characters beyond ASCII that belong to the codec's everyday part."""
    common = total = 0
    for sample in samples:
        for char in sample.decode(codec, errors="replace"):
            if ord(char) < 0x80:
                continue
            total += 1
            common += _is_common(char, codec)
    return common / total if total else 0.0


def _is_common(char: str, codec: str) -> bool:
    try:
        raw = char.encode(codec)
    except UnicodeEncodeError:
        return False
    if len(raw) != 2:
        return False
    code = int.from_bytes(raw, "big")
    if codec == "cp932":
        return 0x8140 <= code <= 0x839E or 0x889F <= code <= 0x9872
    return 0xB0A1 <= code <= 0xD7F9 or 0xA1A1 <= code <= 0xA3FE


def _encoded(body: bytes, codec: str) -> bytes:
    return b"".join(data if finished else _iso_text(data.decode(codec, errors="replace")) for finished, data in _pieces(body))


def _iso_text(text: str) -> bytes:
    out = bytearray()
    for run in re.findall(r"[ -~]+|[^ -~]+", text):
        if run.isascii() and run.isprintable():
            out += run.replace("\\", "\\\\").replace("'", "''").encode("ascii")
        elif max(run) > "￿":
            out += b"\\X4\\" + run.encode("utf-32-be").hex().upper().encode("ascii") + b"\\X0\\"
        else:
            out += b"\\X2\\" + run.encode("utf-16-be").hex().upper().encode("ascii") + b"\\X0\\"
    return bytes(out)
