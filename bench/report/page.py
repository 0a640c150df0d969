"""The results as a page of the documentation."""

from bench.report.terminal import amounts, mark, remarks
from bench.results import Breakdown, Row

HEAD = """# Benchmarks

Written by `make bench`; do not edit. Server and load generator have a core each, runs alternate
between Noughts and the other, figures are medians, ratios are taken within a round and targets
stand beside what was measured. A row in which the generator itself was the limit is void, and
one in which neighbours used the machine says so. How it is done: [bench/README.md](../bench/README.md).

![The figures as bars](benchmarks.svg)
"""


def page(facts: dict[str, str], rows: list[Row]) -> str:
    """Return the page in Markdown."""
    parts = [HEAD, _table(rows), "## How each row is measured\n"]
    parts += [_section(row) for row in rows]
    parts += ["## On what\n", _facts(facts)]
    return "\n".join(parts)


def _table(rows: list[Row]) -> str:
    lines = [
        "| What | Noughts | Compared with | Measured | Target | |",
        "|---|---|---|--:|--:|---|",
    ]
    for row in rows:
        if not row.checks:
            lines.append(f"| {row.title} | | | {'' if row.void else 'see below'} | | {'void' if row.void else ''} |")
        for check in row.checks:
            cells = (
                check.title,
                check.ours,
                check.against,
                f"**{check.measured}**",
                str(check.target),
            )
            lines.append(f"| {' | '.join(cells)} | {mark(row, check)} |")
    return "\n".join(lines) + "\n"


def _section(row: Row) -> str:
    said = "".join(f"\n- {remark}" for remark in remarks(row))
    parts = _breakdown(row.breakdown) if row.breakdown else ""
    return f"**{row.title}.** {row.how}\n{parts}{said}\n"


def _breakdown(breakdown: Breakdown) -> str:
    heads = ["", "", *breakdown.parts, "together"]
    lines = [heads, ["---", "---", *("--:" for _ in heads[2:])]]
    for panel in breakdown.panels:
        lines += [[f"{panel.title}, {panel.unit}", name, *amounts(breakdown, took)] for name, took in panel.bars]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _facts(facts: dict[str, str]) -> str:
    lines = [f"| {name} | {value} |" for name, value in facts.items()]
    return "\n".join(["| | |", "|---|---|", *lines]) + "\n"
