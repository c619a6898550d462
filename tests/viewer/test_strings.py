"""What the page says: two catalogues with the same keys and places to fill, and no sentence outside of them."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from sensors.pixel_class import classes_of
from twin.codes import get_dictionary, list_kinds, shipped_tables
from twin.codes.step import Step
from twin.link.facts import Method as LinkMethod
from twin.placement.decide import Method as PlaceMethod

SOURCES = Path(__file__).resolve().parents[2] / "viewer" / "web" / "src"
PLACES = re.compile(r"\{(\w+)\}")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
COMMENT = re.compile(r"/\*.*?\*/|(?m:^\s*//[^\n]*$)", re.DOTALL)
SPOKEN_ATTRIBUTE = re.compile(r"\b(?:aria-label|title|placeholder|alt)=\"([^\"]*[A-Za-z]{2}[^\"]*)\"")
TEXT = re.compile(r">([^<>]*[A-Za-z]{2}[^<>]*)<")


def catalogue(language: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((SOURCES / "strings" / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def templates(source: str) -> str:
    """The literal parts of all html templates, expressions left out, templates inside expressions included."""
    out: list[str] = []
    stack: list[str] = []
    at = 0
    while at < len(source):
        inside = stack[-1] if stack else "code"
        if inside in {"html", "text"}:
            if source[at] == "`":
                stack.pop()
            elif source.startswith("${", at):
                stack.append("code")
                at += 1
            elif inside == "html":
                out.append(source[at])
        elif source[at] == "`":
            stack.append("html" if source[:at].endswith("html") else "text")
        elif source[at] in "{}" and stack:
            stack.append("code") if source[at] == "{" else stack.pop()
        at += 1
    return "".join(out)


def spoken(source: str) -> list[str]:
    """Texts and spoken attributes written into html templates."""
    plain = templates(source)
    return [text.strip() for text in TEXT.findall(plain)] + SPOKEN_ATTRIBUTE.findall(plain)


def test_both_catalogues_have_the_same_keys_in_the_same_order() -> None:
    assert list(catalogue("zh")) == list(catalogue("en"))


@pytest.mark.parametrize("key", sorted(catalogue("zh")))
def test_a_sentence_has_the_same_places_to_fill_in_both_languages(key: str) -> None:
    assert sorted(PLACES.findall(catalogue("zh")[key])) == sorted(PLACES.findall(catalogue("en")[key]))
    assert catalogue("zh")[key].strip()
    assert catalogue("en")[key].strip() or key == "list.separator"


def test_english_sentences_hold_no_chinese_but_the_name_of_the_language() -> None:
    offenders = {key for key, text in catalogue("en").items() if CHINESE.search(text)}
    assert offenders == {"action.language", "action.language_hint"}


def test_every_name_of_the_glossary_is_a_pair() -> None:
    glossary = json.loads((SOURCES / "glossary.json").read_text(encoding="utf-8"))
    pairs = [(name, pair) for group in glossary.values() for name, pair in group.items()]
    assert [name for name, pair in pairs if len(pair) != 2 or not all(pair)] == []
    assert [name for name, (_, english) in pairs if CHINESE.search(english)] == []


def test_what_the_service_says_in_codes_has_a_name() -> None:
    values = json.loads((SOURCES / "glossary.json").read_text(encoding="utf-8"))["values"]
    steps = [step for step in shipped_tables().rows(Step) if step.kind not in {"asset", "vehicle", "dispatch"}]
    said = {f"link_{method}" for method in get_args(LinkMethod)} | {f"place_{method.name.lower()}" for method in PlaceMethod}
    said |= {f"request_{step.target_state}" for step in steps} | {f"request_kind_{step.kind}" for step in steps}
    said |= {f"pixels_{row.name}" for edition in ("2014", "2025") for row in classes_of(edition)}
    said |= {f"dispatch_{value.code}" for value in get_dictionary("dispatch_state").values}
    said |= {f"method_{method}" for method in ("import", "manual", "correction", "revert", "stock_take")}
    assert sorted(said - values.keys()) == []


def test_every_unit_of_the_registers_is_said_in_words_or_by_its_own_sign() -> None:
    values = json.loads((SOURCES / "glossary.json").read_text(encoding="utf-8"))["values"]
    units = {column.unit for kind in list_kinds() for column in kind.columns if column.unit}
    assert {unit for unit in units if f"unit_{unit}" not in values} == {"fen", "year", "kWh", "GJ"}
    assert {name.removeprefix("unit_") for name in values if name.startswith("unit_")} <= units


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.ts")), ids=lambda path: str(path.relative_to(SOURCES)))
def test_no_source_speaks_outside_of_the_catalogues(path: Path) -> None:
    source = COMMENT.sub("", path.read_text(encoding="utf-8"))
    assert CHINESE.findall(source) == []
    assert spoken(source) == []


def test_every_key_is_used() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.ts"))
    built = set(re.findall(r"`([a-z_]+\.)\$\{", sources)) | {"phase."}
    assert [key for key in catalogue("zh") if f'"{key}"' not in sources and not key.startswith(tuple(built))] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("html`<p>Hello there</p>`", ["Hello there"]),
        ('html`<button aria-label="Close it">${x}</button>`', ["Close it"]),
        ("html`<p>${t('panel.loading')}</p>`", []),
        ("html`<ul>${rows.map((row) => html`<li>${row}</li><li>and so on</li>`)}</ul>`", ["and so on"]),
        ('html`<i ?hidden=${a.map(() => { return 1; })} title="The name"></i>`', ["The name"]),
    ],
)
def test_the_search_for_sentences_finds_them(source: str, expected: list[str]) -> None:
    assert spoken(source) == expected
