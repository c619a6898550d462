"""One HTML file with its content policy, its styles, its scripts and its data."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from viewer.document.words import Words

__all__ = ["Document", "read_part"]

IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def read_part(package: str, name: str) -> str:
    """The text of a file of a package, line ends as LF: what a browser hashes."""
    return files(package).joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What stands around the body of a page.

    `styles` and `scripts` are texts, written into the page after those every page has; `data` are JSON values by element id,
    which a script reads with `JSON.parse(document.getElementById(id).textContent)`. `start` and `end` enclose the body, so
    that a long one can be written in pieces.
    """

    title: Words
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def html(self, body: str) -> str:
        """The whole page around a body."""
        return self.start() + body + self.end()

    def start(self) -> str:
        """All that comes before the body."""
        styles = self._styles()
        return (
            '<!doctype html>\n<html lang="zh-CN" data-lang="zh">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(styles, self._scripts())}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light">\n'
            '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
            f'<title data-zh="{escape(self.title.zh)}" data-en="{escape(self.title.en)}">{escape(self.title.zh)}</title>\n'
            + "".join(f"<style>{style}</style>\n" for style in styles)
            + "</head>\n<body>\n"
        )

    def end(self) -> str:
        """All that comes after the body."""
        data = "".join(f'<script type="application/json" id="{escape(key)}">{_json(value)}</script>\n' for key, value in self.data.items())
        return data + "".join(f"<script>{script}</script>\n" for script in self._scripts()) + "</body>\n</html>\n"

    def policy(self) -> str:
        """The content policy that the page carries: what is written into it, and nothing else."""
        return _policy(self._styles(), self._scripts())

    def _styles(self) -> tuple[str, ...]:
        return (read_part("viewer.document", "document.css"), *self.styles)

    def _scripts(self) -> tuple[str, ...]:
        return (read_part("viewer.document", "document.js"), *self.scripts)


def _policy(styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    """Nothing but what is written into the page; images and workers only as the page itself makes them."""
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hashed, scripts)),
        "style-src": " ".join(map(_hashed, styles)),
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(IN_SCRIPT)
