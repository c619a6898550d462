"""Report pages as text: escaped, cut with a word, totals of all rows, charts that add up. In the browser: test_html_browser.py."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.twin.reports import facts
from tests.twin.reports.facts import HEADING
from tests.twin.reports.test_layouts import FACTS
from tests.twin.reports.test_xlsx import one_column
from twin.errors import Invalid
from twin.reports import REPORTS, Chart, Words, annual_report, write_html
from twin.reports.phrases import phrase
from twin.reports.picture import chart_svg

HOSTILE = ["</td></table><script>alert(1)</script>", '" onmouseover="alert(1)', "<!--", "&amp;", "<img src=http://evil.invalid/x>"]


class Cells(HTMLParser):
    """The texts of all body cells, and every element by name."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.elements: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._inside = tag == "td"
        if self._inside:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"


def parsed(path: Path) -> Cells:
    cells = Cells()
    cells.feed(path.read_text(encoding="utf-8"))
    return cells


@pytest.mark.parametrize("name", list(REPORTS))
def test_a_page_names_no_address_and_allows_none(tmp_path: Path, name: str) -> None:
    text = write_html(REPORTS[name](HEADING, FACTS[name]), tmp_path / "r.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "unsafe" not in text
    assert not re.search(r"\sstyle=|\son\w+=|(?:src|href)=\"(?!data:)", text)
    assert "evil.invalid" not in text or name == "differences"


def test_texts_are_texts(tmp_path: Path) -> None:
    cells = parsed(write_html(one_column(HOSTILE), tmp_path / "h.html"))
    assert cells.cells == HOSTILE
    assert "img" not in cells.elements
    assert cells.elements.count("script") == 1


def test_a_long_table_says_that_it_is_cut_and_sums_all(tmp_path: Path) -> None:
    path = write_html(one_column(list(range(1, 101)), "integer", total=True), tmp_path / "l.html", max_rows=10)
    text = path.read_text(encoding="utf-8")
    assert phrase("shown", total="100", shown="10").zh in text
    assert parsed(path).cells == [*map(str, range(1, 11)), "5,050"]


def test_an_empty_table_says_so(tmp_path: Path) -> None:
    text = write_html(one_column([], "integer", total=True), tmp_path / "e.html").read_text(encoding="utf-8")
    assert "无记录。" in text
    assert "<tfoot>" not in text


def test_what_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        write_html(one_column([1.5], "money"), tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_sources_notes_and_basis_stand_below(tmp_path: Path) -> None:
    report = annual_report(replace(HEADING, notes=("未经审计",)), facts.annual())
    text = write_html(report, tmp_path / "a.html").read_text(encoding="utf-8")
    for said in ("assets-2026.csv", "sha256 4f2c9e", "未经核对", "1 类资产", "未经审计", "2026-11-02T08:30"):
        assert said in text


def test_bars_are_as_long_as_their_numbers_and_losses_go_the_other_way() -> None:
    chart = Chart(words=Words("图", "chart"), kind="bars", categories=("a", "b", "c", "d"), values=(100.0, 50.0, 0.0, -25.0))
    svg = ElementTree.fromstring(chart_svg(chart))
    bars = [(float(bar.attrib["x"]), float(bar.attrib["width"]), bar.attrib["class"]) for bar in svg.iter("rect")]
    assert bars[1][1] / bars[0][1] == pytest.approx(0.5, abs=0.01)
    assert bars[3][1] / bars[0][1] == pytest.approx(0.25, abs=0.01)
    assert [kind for *_, kind in bars] == ["bar", "bar", "bar", "loss"]
    assert bars[3][0] + bars[3][1] == pytest.approx(bars[0][0], abs=0.2)


@pytest.mark.parametrize("values", [(3.0,), (0.0, 0.0), (1e12, 5e11), (0.02, 0.01), (-5.0, 5.0), tuple(range(1, 61)), ()])
@pytest.mark.parametrize("kind", ["bars", "columns"])
def test_charts_of_any_size_are_well_formed_and_stay_in_their_frame(kind: str, values: tuple[float, ...]) -> None:
    names = tuple(Words(f"很长的单位名称<{at}>" * 4, f"a long & name {at}" * 4) for at in range(len(values)))
    svg = ElementTree.fromstring(chart_svg(Chart(words=Words("图", "chart"), kind=kind, categories=names, values=values)))
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    assert len(list(svg.iter("rect"))) == len(values)
    assert len(list(svg.iter("line"))) < 30
    names_end = [float(text.attrib["x"]) for text in svg.iter("text") if text.get("class") == "zh" and kind == "bars"]
    for bar in svg.iter("rect"):
        assert float(bar.attrib["x"]) >= max(names_end, default=0.0)
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width
        assert float(bar.attrib["y"]) >= 0 and float(bar.attrib["y"]) + float(bar.attrib["height"]) <= height
