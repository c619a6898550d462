"""The pages of the service itself: the landing page, the conformance classes, the operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from twin.api.negotiation import Language
from twin.api.pages.frame import Page, link, table, text
from twin.api.pages.words import WORDS

__all__ = ["api_page", "conformance_page", "landing_page"]

METHODS = ("get", "post", "put", "patch", "delete")


def landing_page(language: Language) -> Page:
    """Where a person begins."""
    asked = urlencode({"f": "html", "lang": language})
    places = (("collections", f"/collections?{asked}"), ("viewer", "/"), ("api", f"/api?{asked}"), ("conformance", f"/conformance?{asked}"))
    cards = "".join(
        f"<li>{link(href, text(WORDS[name], language))}<p>{text(WORDS[f'{name}_about'], language)}</p></li>" for name, href in places
    )
    return Page(title=WORDS["landing"], body=f'<p>{text(WORDS["about"], language)}</p><ul class="cards">{cards}</ul>')


def conformance_page(classes: Sequence[str], language: Language) -> Page:
    """The conformance classes."""
    listed = "".join(f"<li>{text(one)}</li>" for one in classes)
    return Page(title=WORDS["conformance"], body=f'<p>{text(WORDS["conformance_about"], language)}</p><ul class="classes">{listed}</ul>')


def api_page(document: dict[str, Any], language: Language) -> Page:
    """Each operation of an OpenAPI document, by its tag, with its parameters."""
    by_tag: dict[str, list[Sequence[str]]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                one = operations[method]
                row = (f'<span class="method">{method.upper()}</span><code>{text(path)}</code>', _of(one, language), _parameters(one))
                by_tag.setdefault(next(iter(one.get("tags", ())), ""), []).append(row)
    head = [text(WORDS[name], language) for name in ("operation", "meaning", "parameters")]
    said = {one["name"]: _spoken(one["description"], language) for one in document["tags"]}
    parts = "".join(f"<h2>{text(said.get(tag, tag))}</h2>{table(head, rows)}" for tag, rows in by_tag.items())
    about = f"<p>{text(WORDS['api_about'], language)}</p>"
    return Page(title=WORDS["api"], body=f'{about}<div class="operations">{parts}</div>', forms=(("json", "OpenAPI 3.0"),))


def _of(operation: dict[str, Any], language: Language) -> str:
    return text(_spoken(str(operation.get("summary", "")), language))


def _spoken(both: str, language: Language) -> str:
    """Of what stands in the document in both languages, Chinese first, the one that is spoken, with a capital where there is one."""
    chinese, _, english = both.partition(" · ")
    return chinese if language == "zh" or not english else english[:1].upper() + english[1:]


def _parameters(operation: dict[str, Any]) -> str:
    return " ".join(f"<code>{text(one['name'])}</code>" for one in operation.get("parameters", ()))
