"""The text of a MANSCDP body: GB 18030, GB 2312 or UTF-8, as it is declared or, where the declaration lies, as it is."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from sensors.errors import Gb28181Invalid

__all__ = ["MOST_BYTES", "BodyText", "decode_body"]

MOST_BYTES = 4 * 2**20
DECLARATION = re.compile(rb"""\s*<\?xml[^>]{0,200}?\?>""")
ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
CHINESE = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "cp936": "gb18030", "gb_2312-80": "gb18030"}
"""GB 2312 and GBK are read as GB 18030, which holds both: devices write letters that GB 2312 has not."""
UNICODE = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyText:
    """The text after its XML declaration, the encoding it was read by, the one it declares (empty: none)."""

    text: str
    encoding: str
    declared: str

    @property
    def is_mislabelled(self) -> bool:
        """Whether it is in another encoding than it says (GB for GB and UTF-8 for nothing said are as they say)."""
        known = {**CHINESE, **UNICODE}
        return known.get(self.declared.lower(), "utf-8" if not self.declared else "") != self.encoding


def decode_body(body: bytes) -> BodyText:
    """The text of a body; raises Gb28181Invalid for one that is too long or in no encoding of the standard.

    >>> decode_body('<?xml version="1.0" encoding="GB2312"?><a>东门</a>'.encode("gb18030")).text
    '<a>东门</a>'
    """
    if len(body) > MOST_BYTES:
        raise Gb28181Invalid(f"a body of more than {MOST_BYTES:,} bytes")
    marked = body.startswith(codecs.BOM_UTF8)
    plain = body[len(codecs.BOM_UTF8) :] if marked else body
    head = DECLARATION.match(plain)
    found = ENCODING.search(head.group()) if head else None
    declared = found[1].decode("ascii") if found else ""
    rest = plain[head.end() :] if head else plain
    return BodyText(text=_decoded(rest, encoding := _encoding(rest, declared, marked)), encoding=encoding, declared=declared)


def _encoding(body: bytes, declared: str, marked: bool) -> str:
    """By the mark; else what it declares, unless it is plainly the other."""
    if marked:
        return "utf-8"
    if body.isascii():
        return {**CHINESE, **UNICODE}.get(declared.lower(), "utf-8")
    if _is_chinese_utf8(body):
        return "utf-8"
    said = {**CHINESE, **UNICODE}.get(declared.lower())
    if said == "utf-8" and _is_valid(body, "utf-8"):
        return "utf-8"
    return "gb18030"


def _is_chinese_utf8(body: bytes) -> bool:
    """Valid UTF-8 whose letters beyond ASCII all take three bytes or four, as Chinese does; GB text is that by chance only (two or
    more bytes of each such letter must fit, and the letters come in threes)."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(letter >= "\u0800" for letter in text if letter > "\x7f")


def _is_valid(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Gb28181Invalid(f"neither UTF-8 nor GB 18030: byte {error.start}", hint='encoding="GB18030"') from None
