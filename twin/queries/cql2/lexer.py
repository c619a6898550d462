"""CQL2 text as tokens (OGC 21-065r2, annex B: identifiers, character and numeric literals)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from twin.queries.cql2.errors import FilterInvalid

__all__ = ["Token", "closing_of", "place_of", "read_tokens"]

START = (
    ":_A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1ffe\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
IDENTIFIER = f"[{START}][{START}.0-9\u0300-\u036f\u203f-\u2040]*"
TOKEN = re.compile(
    rf"""(?P<blank>\s+)
    |(?P<text>'(?:''|\\'|[^'])*')
    |(?P<quoted>"(?:""|[^"])+")
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>{IDENTIFIER})
    |(?P<symbol><>|!=|<=|>=|[=<>()+\-*/%^,])""",
    re.VERBOSE,
)
ESCAPED_QUOTE = re.compile(r"''|\\'")


class Token(NamedTuple):
    """`kind` is text, quoted, number, name, symbol or end; `value` what it says (quotes taken off), `word` a name in small letters."""

    kind: str
    value: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword this may be: a name that is not quoted, in small letters; a symbol as it is."""
        return self.value.lower() if self.kind == "name" else self.value if self.kind == "symbol" else ""


def read_tokens(text: str) -> list[Token]:
    """All tokens and one of kind `end`; raises FilterInvalid at the first character that begins none."""
    tokens, at = [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            quote = {"'": "a text literal", '"': "a quoted name"}.get(text[at])
            said = f"{quote} is not closed" if quote else f"unexpected {text[at]!r}"
            raise FilterInvalid(
                f"{said} at {place_of(text, at)}", path=place_of(text, at), hint="a name with other characters goes into double quotes"
            )
        kind, raw = str(found.lastgroup), found.group()
        if kind != "blank":
            tokens.append(Token(kind, _unquoted(kind, raw), at, found.end()))
        at = found.end()
    return [*tokens, Token("end", "", len(text), len(text))]


def closing_of(text: str, tokens: list[Token], deepest: int) -> Mapping[int, int]:
    """Index of each opening parenthesis → index of its closing one; raises FilterInvalid where one is missing or `deepest` is exceeded."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.word == "(":
            opened.append(index)
            if len(opened) > deepest:
                raise FilterInvalid(f"parentheses nest deeper than {deepest}", path=place_of(text, token.start))
        elif token.word == ")":
            if not opened:
                raise FilterInvalid(f"a ) without its ( at {place_of(text, token.start)}", path=place_of(text, token.start))
            pairs[opened.pop()] = index
    if opened:
        where = place_of(text, tokens[opened[-1]].start)
        raise FilterInvalid(f"the ( at {where} is not closed", path=where)
    return pairs


def place_of(text: str, at: int) -> str:
    """Where a character stands: `filter 1:13`, line and column from 1."""
    return f"filter {text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


def _unquoted(kind: str, raw: str) -> str:
    if kind == "text":
        return ESCAPED_QUOTE.sub("'", raw[1:-1])
    return raw[1:-1].replace('""', '"') if kind == "quoted" else raw
