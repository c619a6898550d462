"""Text of an option as tokens (OData 4.0 ABNF, with the dates and intervals that SensorThings writes without quotes)."""

import re
from typing import NamedTuple

from twin.queries.cql2.errors import FilterInvalid

__all__ = ["MOST_CHARACTERS", "Token", "invalid", "read_tokens"]

MOST_CHARACTERS = 16_384
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?"
INSTANT = rf"{DATE}T{CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})"
TOKEN = re.compile(
    rf"""(?P<blank>[ \t\r\n]+)
    |(?P<interval>{INSTANT}/{INSTANT})
    |(?P<instant>{INSTANT})
    |(?P<date>{DATE}(?![0-9T]))
    |(?P<clock>{CLOCK}(?![0-9:]))
    |(?P<duration>duration'[^']*')
    |(?P<geography>(?:geography|geometry)'[^']*')
    |(?P<text>'(?:''|[^'])*')
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<name>(?:@iot\.[A-Za-z]+|geo\.[a-z]+|[^\W0-9][\w-]*))
    |(?P<option>\$[a-z]+)
    |(?P<symbol>[()/,;=*:-])""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """`kind` is the group of `TOKEN` that it is, or end; `value` the text without quotes and prefix; `start` counts characters from 0."""

    kind: str
    value: str
    start: int


def read_tokens(text: str, option: str) -> list[Token]:
    """All tokens and one of kind `end`; raises FilterInvalid at the first character that begins none."""
    if len(text) > MOST_CHARACTERS:
        raise invalid(f"it has more than {MOST_CHARACTERS:,} characters", option, 0)
    tokens, at = [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            said = "a text is not closed" if text[at] == "'" else f"unexpected {text[at]!r}"
            raise invalid(said, option, at)
        kind = str(found.lastgroup)
        if kind != "blank":
            tokens.append(Token(kind, _plain(kind, found.group()), at))
        at = found.end()
    return [*tokens, Token("end", "", len(text))]


def invalid(what: str, option: str, at: int) -> FilterInvalid:
    """The error that says where: `$filter 14: unexpected '#'`; characters are counted from 1."""
    return FilterInvalid(f"{option} {at + 1}: {what}", path=option, hint="docs/sensorthings.md has the language")


def _plain(kind: str, text: str) -> str:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind in ("duration", "geography"):
        return text[text.index("'") + 1 : -1]
    return text
