"""The OpenAPI document as a page for people: plain HTML, written here, so that nothing is asked of another server."""

from collections.abc import Iterator
from html import escape
from typing import Any

__all__ = ["api_page"]

COLUMNS = "<th>参数 · parameter</th><th>in</th><th>说明 · what it says</th>"


def api_page(document: dict[str, Any]) -> str:
    """A page with each operation, its parameters and its answers, in the order of tags."""
    info = document["info"]
    head = f"<title>{escape(info['title'])} API</title>"
    by_tag: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            by_tag[operation["tags"][0]].append("".join(_operation(path, method, operation)))
    words = {tag["name"]: tag["description"] for tag in document["tags"]}
    parts = "".join(f'<h2 id="{escape(tag)}">{escape(words[tag])}</h2>{"".join(found)}' for tag, found in by_tag.items())
    index = "".join(f'<li><a href="#{escape(tag)}">{escape(words[tag])}</a></li>' for tag in by_tag)
    about = f'<p>{escape(info["description"])}</p><p><a href="/openapi.json">OpenAPI 3.1</a></p>'
    body = f"<h1>{escape(info['title'])}</h1>{about}<ul>{index}</ul>"
    return f'<!doctype html><html lang="zh"><head><meta charset="utf-8">{head}</head><body><main>{body}{parts}</main></body></html>'


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h3><code>{method.upper()} {escape(path)}</code></h3><p>{escape(operation['summary'])}</p>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    rows = "".join(map(_parameter, operation.get("parameters", ())))
    if rows:
        yield f"<table><thead><tr>{COLUMNS}</tr></thead><tbody>{rows}</tbody></table>"
    answers = ", ".join(escape(status) for status in operation["responses"])
    yield f"<p>回答 · answers: {answers}</p>"


def _parameter(one: dict[str, Any]) -> str:
    must = " *" if one.get("required") else ""
    return f"<tr><td><code>{escape(one['name'])}</code>{must}</td><td>{one['in']}</td><td>{escape(one.get('description', ''))}</td></tr>"
