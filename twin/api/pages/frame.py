"""The frame of every page: title, way back, languages, other forms of the same, and the content policy."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from spatial.source import bytes_sha256
from twin.api.negotiation import HTML, Language
from twin.api.pages.words import WORDS
from twin.api.sending import EACH_TIME, send_bytes
from viewer.document import Words, read_part

__all__ = ["Page", "link", "send_page", "send_problem_page", "table", "text"]

NAMES = {"zh": "中文", "en": "English"}
LANG_TAGS = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What stands in the frame: `body` is HTML, all else is escaped; `path` leads back, as pairs of address and words.

    `forms` are the other forms of the same: their `f` and what people call them; without any it is offered in no other language either.
    """

    title: Words
    body: str
    path: Sequence[tuple[str, Words]] = ()
    forms: Sequence[tuple[str, str]] = (("json", "JSON"),)


def text(value: Any, language: Language = "zh") -> str:
    """A value or words as escaped HTML; nothing for None."""
    if isinstance(value, Words):
        value = value.zh if language == "zh" else value.en
    return "" if value is None else escape(str(value))


def link(href: str, label: str) -> str:
    """A link; the address is escaped, the label is HTML."""
    return f'<a href="{escape(href)}">{label}</a>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = "") -> str:
    """A table of HTML cells; the first cell of a row names it."""
    titles = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    named = f"<caption>{caption}</caption>" if caption else ""
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in (list(r) for r in rows)
    )
    return (
        f'<div class="scroll" tabindex="0"><table>{named}'
        f"{f'<thead><tr>{titles}</tr></thead>' if head else ''}<tbody>{body}</tbody></table></div>"
    )


def send_page(request: Request, page: Page, language: Language) -> Response:
    """The page, with a tag of its content, for who takes HTML."""
    content = _html(request, page, language).encode()
    answer = send_bytes(request, content, None, tag=bytes_sha256(content)[:32], media_type=HTML, cache=EACH_TIME)
    if "content-type" in answer.headers:
        answer.headers["content-type"] = f"{HTML}; charset=utf-8"
    answer.headers.update(_headers(language))
    return answer


def send_problem_page(request: Request, page: Page, language: Language, status: int, headers: Mapping[str, str]) -> Response:
    """The page of what was declined, which nobody keeps."""
    return Response(_html(request, page, language), status, media_type=HTML, headers={**_headers(language), **headers})


def _headers(language: Language) -> dict[str, str]:
    return {
        "Content-Security-Policy": _policy(),
        "Content-Language": LANG_TAGS[language],
        "Vary": "Accept, Accept-Language, Accept-Encoding",
    }


def _html(request: Request, page: Page, language: Language) -> str:
    title, product = text(page.title, language), text(WORDS["product"], language)
    way = "".join(f"<li>{link(href, text(words, language))}</li>" for href, words in page.path)
    choices = _choices(request, page, language) if page.forms else ""
    return (
        f'<!doctype html>\n<html lang="{LANG_TAGS[language]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        f'<title>{title} · {product}</title><link rel="icon" href="data:,">{_alternates(request, page)}<style>{_style()}</style></head>\n'
        f'<body><header><nav aria-label="{text(WORDS["way"], language)}"><ol><li>{link("/?f=html", product)}</li>{way}'
        f'<li aria-current="page">{title}</li></ol></nav>'
        f"{choices}</header>\n<main><h1>{title}</h1>\n{page.body}</main>\n"
        f"<footer>{text(WORDS['footer'], language)}</footer></body></html>\n"
    )


def _choices(request: Request, page: Page, language: Language) -> str:
    both = f"{_languages(request, language)}{_forms(request, page)}"
    return f'<nav class="choices" aria-label="{text(WORDS["forms"], language)}">{both}</nav>'


def _languages(request: Request, language: Language) -> str:
    return "".join(
        f'<span aria-current="true">{name}</span>'
        if key == language
        else f'<a href="{escape(_with(request, lang=key, f="html"))}" lang="{LANG_TAGS[key]}">{name}</a>'
        for key, name in NAMES.items()
    )


def _forms(request: Request, page: Page) -> str:
    return "".join(link(_with(request, f=form), escape(name)) for form, name in page.forms)


def _alternates(request: Request, page: Page) -> str:
    return "".join(f'<link rel="alternate" title="{escape(name)}" href="{escape(_with(request, f=form))}">' for form, name in page.forms)


def _with(request: Request, **given: str) -> str:
    """The address asked for with other values of these parameters; `lang` is left out where another form than a page is meant."""
    drop = {*given} | ({"lang"} if given.get("f") != "html" else set())
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in drop]
    return f"{request.url.path}?{urlencode([*kept, *given.items()])}"


@cache
def _style() -> str:
    return read_part("twin.api.pages", "page.css")


@cache
def _policy() -> str:
    """Nothing but the style sheet in the page, and its own form."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
