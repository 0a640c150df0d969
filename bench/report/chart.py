"""The results as a picture: bars in SVG, written by hand, readable by light and by dark."""

from collections.abc import Sized
from xml.sax.saxutils import escape

from bench.results import Breakdown, Figure, Panel, Row, number

WIDTH = 760
LABEL = 190
VALUE = 90
BAR = 20
GAP = 6
PANEL_HEAD = 30
PANEL_GAP = 18
MARGIN = 24

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; } .better { fill: #6e7781; font-size: 12px; }
  .target { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .page { fill: #ffffff; } .ours { fill: #1f6feb; } .other { fill: #b6bec9; }
  .part0 { fill: #1f6feb; } .part1 { fill: #56b4e9; } .part2 { fill: #e69f00; } .part3 { fill: #009e73; }
  .part4 { fill: #cc79a7; } .part5 { fill: #d55e00; } .part6 { fill: #8c959f; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .better { fill: #9198a1; }
    .target { stroke: #ff7b72; }
    .page { fill: #0d1117; } .ours { fill: #4493f8; } .other { fill: #57606a; }
  }
"""


def chart(rows: list[Row]) -> str:
    """Return the picture of all rows that stand."""
    figures = [figure for row in rows if not row.void for figure in row.figures]
    parts, y = [], MARGIN
    for figure in figures:
        parts.append(_panel(figure, y))
        y += _height(figure.bars) + PANEL_GAP
    for title, breakdown in [(row.title, row.breakdown) for row in rows if row.breakdown and not row.void]:
        parts.append(_legend(title, breakdown, y))
        y += 2 * PANEL_HEAD
        for panel in breakdown.panels:
            parts.append(_stacks(breakdown, panel, y))
            y += _height(panel.bars) + PANEL_GAP
    height = y - PANEL_GAP + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="Benchmark results">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>\n'
        f"{''.join(parts)}</svg>\n"
    )


def _height(bars: Sized) -> int:
    return PANEL_HEAD + len(bars) * (BAR + GAP)


def _panel(figure: Figure, top: int) -> str:
    longest = max(figure.target, *(value for _, value in figure.bars))
    lines = [
        f'<text class="title" x="{MARGIN}" y="{top + 14}">{escape(figure.title)}</text>\n',
        f'<text class="better" x="{WIDTH - MARGIN}" y="{top + 14}" text-anchor="end">'
        f"{figure.better} is better; the dashed line is the target</text>\n",
    ]
    for place, (name, value) in enumerate(figure.bars):
        y = top + PANEL_HEAD + place * (BAR + GAP)
        lines.append(_bar(name, _value(value, figure.unit), value / longest, y))
    return "".join([*lines, _target(figure, figure.target / longest, top + PANEL_HEAD)])


def _legend(title: str, breakdown: Breakdown, top: int) -> str:
    """Draw what the panels below are about, and which colour is whose."""
    step, y = (WIDTH - 2 * MARGIN) / len(breakdown.parts), top + PANEL_HEAD
    swatches = (
        f'<rect class="part{n}" x="{MARGIN + n * step:.0f}" y="{y}" width="12" height="12" rx="2"/>\n'
        f'<text x="{MARGIN + n * step + 16:.0f}" y="{y + 10}">{escape(part)}</text>\n'
        for n, part in enumerate(breakdown.parts)
    )
    return f'<text class="title" x="{MARGIN}" y="{top + 14}">{escape(title)}</text>\n' + "".join(swatches)


def _stacks(breakdown: Breakdown, panel: Panel, top: int) -> str:
    """Draw bars that are made of parts, each in its colour."""
    longest = max(sum(took.values()) for _, took in panel.bars) or 1.0
    lines = [f'<text class="title" x="{MARGIN}" y="{top + 14}">{escape(f"{panel.title}, {panel.unit}")}</text>\n']
    for place, (name, took) in enumerate(panel.bars):
        y, left = top + PANEL_HEAD + place * (BAR + GAP), float(MARGIN + LABEL)
        for kind, part in enumerate(breakdown.parts):
            width = took.get(part, 0.0) / longest * (WIDTH - 2 * MARGIN - LABEL - VALUE)
            said = escape(f"{part} {took.get(part, 0.0):,.0f}")
            lines.append(
                f'<rect class="part{kind}" x="{left:.1f}" y="{y}" width="{width:.1f}" height="{BAR}">'
                f"<title>{said}</title></rect>\n"
            )
            left += width
        lines.append(_labels(name, f"{sum(took.values()):,.0f}", y))
    return "".join(lines)


def _target(figure: Figure, share: float, top: int) -> str:
    """Draw the target as a dashed line across the bars."""
    x = MARGIN + LABEL + share * (WIDTH - 2 * MARGIN - LABEL - VALUE)
    bottom = top + len(figure.bars) * (BAR + GAP) - GAP
    return (
        f'<line class="target" x1="{x:.1f}" y1="{top - 4}" x2="{x:.1f}" y2="{bottom + 4}">'
        f"<title>target {escape(_value(figure.target, figure.unit))}</title></line>\n"
    )


def _value(value: float, unit: str) -> str:
    return f"{number(value)}{unit}" if unit.startswith("/") else f"{number(value)} {unit}".strip()


def _bar(name: str, value: str, share: float, y: int) -> str:
    length = max(2.0, share * (WIDTH - 2 * MARGIN - LABEL - VALUE))
    kind = "ours" if name.startswith("Noughts") else "other"
    bar = f'<rect class="{kind}" x="{MARGIN + LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3"/>\n'
    return bar + _labels(name, value, y)


def _labels(name: str, value: str, y: int) -> str:
    """Write whose bar it is on its left, and how much on its right."""
    middle = y + BAR * 0.7
    return (
        f'<text x="{MARGIN + LABEL - 10}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>\n'
        f'<text x="{WIDTH - MARGIN}" y="{middle:.0f}" text-anchor="end">{escape(value)}</text>\n'
    )
