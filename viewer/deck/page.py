"""A pydeck picture with its legend, its figures and its numbers as a table, as one HTML file that opens with no network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.deck.catalogue import words
from viewer.deck.errors import BundleMissing
from viewer.deck.outline import View
from viewer.document import Document, Words, read_part, say, words_html

if TYPE_CHECKING:
    import pydeck

__all__ = ["DeckPage", "Figure", "Head", "Key", "Row", "notes_of"]

BUNDLE = "nbextension/static/index.js"
NEEDLE = '<svg viewBox="-20 -20 40 40" width="34" height="34" aria-hidden="true"><path d="M0-17 7 9 0 4-7 9Z"/></svg>'
SOURCE_MAP = "//# sourceMappingURL="


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number above the picture: `Figure(name=Words("房间数", "Rooms"), value="86")`."""

    name: Words
    value: str
    unit: Words | str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One line of the legend: a colour, what it means, how many."""

    colour: str
    words: Words
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a column of the table."""

    words: Words
    number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table, which is also the card of its outline: the first cell names it."""

    cells: tuple[Words | str, ...]
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckPage:
    """A page: `deck` is None where nothing can be drawn. `as_of` is the ISO date the numbers hold for; `sources` say where from."""

    title: Words
    as_of: str
    sources: tuple[Words | str, ...]
    deck: "pydeck.Deck | None"
    view: View | None
    figures: tuple[Figure, ...]
    legend: tuple[Key, ...]
    legend_title: Words
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    notes: tuple[Words, ...] = ()

    def to_html(self) -> str:
        """The page as text, about 4.3 MB: deck.gl, as pydeck ships it, is in it. The same facts give the same bytes."""
        deck, data = _without_data(self.deck)
        view = self.view and {
            "widthM": self.view.width_m, "heightM": self.view.height_m, "lat": self.view.lat, "pitch": self.view.pitch_deg,
            "topM": self.view.top_m,
        }  # fmt: skip
        document = Document(
            title=self.title,
            styles=(read_part("viewer.deck", "page.css"), _colours(self)),
            scripts=((_bundle(),) if self.deck else ()) + (read_part("viewer.deck", "page.js"),),
            data={"deck": deck, "deck-data": data, "deck-view": view},
        )
        return document.html(_body(self))

    def write(self, path: Path) -> Path:
        """Write the page to a file and return its path."""
        path.write_text(self.to_html(), encoding="utf-8", newline="\n")
        return path


def notes_of(undrawn: int, unknown: int) -> tuple[Words, ...]:
    """What the picture and the totals leave out, said: rows without an outline, rows without a number."""
    said = ((undrawn, "page.undrawn"), (unknown, "page.unknown"))
    return tuple(words(key, count=str(count)) for count, key in said if count)


def _without_data(deck: "pydeck.Deck | None") -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The deck and apart from it the rows of its layers by id: deck.gl would take a name that begins with @@= for a formula."""
    if deck is None:
        return None, {}
    parts = json.loads(deck.to_json())
    return parts, {layer["id"]: layer.pop("data") for layer in parts["layers"]}


@cache
def _bundle() -> str:
    """The deck.gl that pydeck ships for notebooks, which draws without any other file."""
    import pydeck

    path = Path(pydeck.__file__).parent / BUNDLE
    if not path.is_file():
        raise BundleMissing(str(path))
    return path.read_text(encoding="utf-8").split(SOURCE_MAP)[0]


def _body(page: DeckPage) -> str:
    return f"""<main class="page">
<header class="masthead"><div><h1>{words_html(page.title)}</h1>
<p class="subtitle">{words_html(words("page.as_of", date=page.as_of))}</p></div>
<div class="actions"><button type="button" data-action="language">{words_html(words("page.language"))}</button>
<button type="button" data-action="print">{words_html(words("page.print"))}</button></div></header>
<dl class="figures">{"".join(map(_figure, page.figures))}</dl>
{_stage(page)}
{_notes(page.notes)}
<h2 id="numbers">{words_html(words("page.table"))}</h2>
{_table(page.heads, page.rows)}
<footer class="sources">{"".join(f"<p>{words_html(_source_line(source))}</p>" for source in page.sources)}
<p>{words_html(words("page.made"))}</p></footer>
</main>
"""


def _source_line(source: Words | str) -> Words:
    """The line that names a source, in both languages."""
    named = say(source)
    return Words(words("page.source", source=named.zh).zh, words("page.source", source=named.en).en)


def _figure(figure: Figure) -> str:
    return f"<div><dt>{words_html(figure.name)}</dt><dd>{words_html(figure.value)}<small>{words_html(figure.unit)}</small></dd></div>"


def _stage(page: DeckPage) -> str:
    missing = words("page.no_outlines" if page.deck is None else "page.no_picture")
    keys = "".join(
        f'<li><span class="swatch {_class(key.colour)}"></span>{words_html(key.words)}<b>{key.count}</b></li>' for key in page.legend
    )
    return f"""<section class="stage"><figure>
<div id="deck-container" role="img" aria-labelledby="picture-words"></div>
<p class="no-picture"{"" if page.deck is None else " hidden"}>{words_html(missing)}</p>
<div class="card" id="card" hidden></div>
<div class="compass" id="compass">{NEEDLE}<span>{words_html(words("page.north"))}</span></div>
<div class="scale" id="scale"><i></i><span></span></div>
<button type="button" class="reset" data-action="reset">{words_html(words("page.reset"))}</button>
<figcaption id="picture-words">{words_html(words("page.picture"))}</figcaption></figure>
<aside class="legend"><h2>{words_html(page.legend_title)}</h2><ul>{keys}</ul></aside></section>"""


def _notes(notes: Sequence[Words]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{words_html(note)}</li>" for note in notes)}</ul>' if notes else ""


def _table(heads: Sequence[Head], rows: Sequence[Row]) -> str:
    head = "".join(f'<th scope="col"{_number(head)}>{words_html(head.words)}</th>' for head in heads)
    body = "\n".join(_row(row, heads) for row in rows)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="numbers">'
        f'<table id="rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _row(row: Row, heads: Sequence[Head]) -> str:
    first, *others = zip(row.cells, heads, strict=True)
    cells = "".join(f"<td{_number(head)}>{words_html(cell)}</td>" for cell, head in others)
    return f'<tr><th scope="row"><span class="swatch {_class(row.colour)}"></span>{words_html(first[0])}</th>{cells}</tr>'


def _number(head: Head) -> str:
    return ' class="number"' if head.number else ""


def _class(colour: str) -> str:
    return f"c{colour.removeprefix('#')}"


def _colours(page: DeckPage) -> str:
    """Swatches as rules of the style sheet: the content policy allows no style within an element."""
    colours = sorted({key.colour for key in page.legend} | {row.colour for row in page.rows})
    return "\n".join(f".{_class(colour)}{{background:{colour}}}" for colour in colours)
