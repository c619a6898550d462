"""Charts as SVG, written into a page: no script, no font, no address."""

from collections.abc import Sequence
from html import escape

from twin.reports.report import Chart
from viewer.document import Words, say

__all__ = ["chart_svg"]

WIDTH = 720
BAR, GAP, TOP = 20, 9, 8
NAME_WIDTH = 210
NAME_CHARACTERS = 28
STANDING_HEIGHT = 220
ROUND_STEPS = (1, 2, 2.5, 5, 10)


def chart_svg(chart: Chart) -> str:
    """The chart as one `<svg>` that names itself to screen readers; negative values go left of, or below, the line of zero."""
    title = f"<title>{escape(chart.words.zh)} / {escape(chart.words.en)}</title>"
    body, height = _bars(chart) if chart.kind == "bars" else _columns(chart)
    return f'<svg role="img" viewBox="0 0 {WIDTH} {height}" class="chart">{title}{body}</svg>'


def _bars(chart: Chart) -> tuple[str, int]:
    low, high = _span(chart.values)
    scale = (WIDTH - NAME_WIDTH - 110) / (high - low)
    zero = NAME_WIDTH - low * scale
    parts = []
    for at, (category, value) in enumerate(zip(chart.categories, chart.values, strict=True)):
        y = TOP + at * (BAR + GAP)
        left, width = min(zero, zero + value * scale), abs(value * scale)
        parts += [
            _words(category, NAME_WIDTH - 8, y + 15, "end"),
            f'<rect x="{left:.1f}" y="{y}" width="{max(width, 0.5):.1f}" height="{BAR}" rx="2" class="{"bar" if value >= 0 else "loss"}"/>',
            f'<text x="{left + width + 6:.1f}" y="{y + 15}" class="figure">{value:,.2f}</text>',
        ]
    height = TOP + len(chart.values) * (BAR + GAP) + 4
    axis = f'<line x1="{zero:.1f}" y1="{TOP - 4}" x2="{zero:.1f}" y2="{height - 4}" class="axis"/>'
    return "".join(parts) + axis, height


def _columns(chart: Chart) -> tuple[str, int]:
    low, high = _span(chart.values)
    step = _step(high - low)
    scale = (STANDING_HEIGHT - 40) / (high - low)
    zero = 20 + high * scale
    room = (WIDTH - 90) / max(len(chart.values), 1)
    parts = []
    line = low - low % step
    while line <= high:
        y = zero - line * scale
        parts += [
            f'<line x1="76" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}" class="grid"/>',
            f'<text x="70" y="{y + 4:.1f}" text-anchor="end" class="figure">{line:,.0f}</text>',
        ]
        line += step
    every = max(1, -(-len(chart.values) // 13))
    for at, (category, value) in enumerate(zip(chart.categories, chart.values, strict=True)):
        x, y = 80 + at * room, zero - max(value, 0) * scale
        kind = "bar" if value >= 0 else "loss"
        parts.append(
            f'<rect x="{x + room * 0.15:.1f}" y="{y:.1f}" width="{room * 0.7:.1f}" height="{abs(value) * scale:.1f}" class="{kind}"/>'
        )
        if at % every == 0:
            parts.append(_words(category, x + room / 2, STANDING_HEIGHT + 2, "middle"))
    parts.append(f'<line x1="76" y1="{zero:.1f}" x2="{WIDTH}" y2="{zero:.1f}" class="axis"/>')
    return "".join(parts), STANDING_HEIGHT + 12


def _words(text: Words | str, x: float, y: float, anchor: str) -> str:
    """A name in both languages, shortened with an ellipsis where it is long; the whole of it as a tooltip."""
    both = say(text)
    kinds = ((both.zh, "zh", "zh-CN"), (both.en, "en", "en")) if both.zh != both.en else ((both.zh, "name", ""),)
    return "".join(
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"{f" lang={language!r}" if language else ""}>'
        f"<title>{escape(name)}</title>{escape(_short(name))}</text>"
        for name, kind, language in kinds
    )


def _short(text: str) -> str:
    room = NAME_CHARACTERS
    for at, letter in enumerate(text):
        room -= 2 if ord(letter) >= 0x2E80 else 1
        if room < 0:
            return f"{text[: at - 1]}…"
    return text


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min([0.0, *values]), max([0.0, *values])
    return (low, high) if high > low else (0.0, 1.0)


def _step(span: float) -> float:
    """A round distance of grid lines: about five of them."""
    power = 10.0 ** len(str(int(span / 5))) / 10
    return next(step * power for step in ROUND_STEPS if step * power * 5 >= span)
