"""What a row of the benchmark says."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

RELATIONS = {"<": operator.lt, "≤": operator.le, "≥": operator.ge}


class Target(NamedTuple):
    """A promise: `<`, `≤` or `≥` a bound."""

    relation: str
    bound: float
    unit: str

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:g}{self.unit}"


@dataclass(frozen=True)
class Check:
    """One promise and what was measured of it."""

    title: str
    value: float
    target: Target
    ours: str
    """What Noughts did, in words."""
    against: str
    """What it is compared with did, in words."""

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return bool(RELATIONS[self.target.relation](self.value, self.target.bound))

    @property
    def measured(self) -> str:
        """The value, as text."""
        return f"{number(self.value)}{self.target.unit}"


@dataclass(frozen=True)
class Figure:
    """Bars of one unit, ours first, and the target among them."""

    title: str
    unit: str
    better: str
    """`longer` or `shorter`."""
    bars: tuple[tuple[str, float], ...]
    target: float
    """Where our bar must end, in the bars' unit."""


@dataclass(frozen=True)
class Panel:
    """Bars that are made of parts, in one unit."""

    title: str
    unit: str
    bars: tuple[tuple[str, Mapping[str, float]], ...]
    """What each part of a bar took; whoever took no part in it is not named."""


@dataclass(frozen=True)
class Breakdown:
    """Who took how much of what was measured: a table, and panels of bars."""

    parts: tuple[str, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Row:
    """What was measured, how, and whether it may be believed."""

    key: str
    title: str
    how: str
    checks: tuple[Check, ...]
    """None where nothing is promised."""
    figures: tuple[Figure, ...] = ()
    breakdown: Breakdown | None = None
    notes: tuple[str, ...] = ()
    void: tuple[str, ...] = field(default=())
    """Why the row proves nothing; empty when it stands."""
    disturbed: float = 0.0
    """Cores that strangers used while it was measured."""


def number(value: float) -> str:
    """Write a number with three figures or so, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 10 else f"{value:.2f}"


def median(values: list[float]) -> float:
    """Return the middle value; of an even number the mean of the two in the middle."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
