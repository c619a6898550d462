"""What a client wants: the form of an answer by `f` or `Accept`, the language of a page by `lang` or `Accept-Language`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from fastapi import Query, Request

from twin.api.documents import bilingual

__all__ = ["GEOJSON", "HTML", "JSON", "JSONFG", "Lang", "Language", "PageForm", "chosen_form", "chosen_language"]

JSON, HTML, GEOJSON, JSONFG = "application/json", "text/html", "application/geo+json", "application/vnd.ogc.fg+json"
Language = Literal["zh", "en"]
PageForm = Annotated[Literal["json", "html"] | None, Query(description=bilingual("格式,默认按 Accept", "format; default by Accept"))]
Lang = Annotated[
    Language | None, Query(description=bilingual("页面语言,默认按 Accept-Language", "of the page; default by Accept-Language"))
]


def chosen_form(request: Request, f: str | None, forms: Mapping[str, Sequence[str]]) -> str:
    """The form that `f` names, else that whose media type `Accept` names with the highest quality, else the first.

    `forms` are their names → media types, the one for who does not say first. `*/*` asks for none of them.
    """
    if f is not None:
        return f
    said = dict(_qualities(request.headers.get("accept", "")))
    best = max(forms, key=lambda form: max((said.get(media, 0.0) for media in forms[form]), default=0.0))
    return best if any(said.get(media, 0.0) > 0 for media in forms[best]) else next(iter(forms))


def chosen_language(request: Request, lang: Language | None, *, otherwise: Language = "zh") -> Language:
    """The language that `lang` names, else the better one of `Accept-Language`, else `otherwise`."""
    if lang is not None:
        return lang
    said: dict[str, float] = {}
    for tag, quality in _qualities(request.headers.get("accept-language", "")):
        primary = tag.partition("-")[0]
        said[primary] = max(quality, said.get(primary, 0.0))
    zh, en = said.get("zh", 0.0), said.get("en", 0.0)
    return otherwise if zh == en else "zh" if zh > en else "en"


def _qualities(header: str) -> Iterator[tuple[str, float]]:
    """What a header lists, in lower case, with its quality (RFC 9110 §12.4.2); what is no quality counts as none."""
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        said = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            yield name, float(said)
        except ValueError:
            yield name, 0.0
