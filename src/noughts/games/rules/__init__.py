"""What every game promises, and the games there are."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from noughts.games.rules import classic, misere
from noughts.games.rules.mnk import PATTERN, mnk
from noughts.games.rules.promise import Rules
from noughts.games.rules.terms import Mark, Moves, Outcome

__all__ = ["VARIANTS", "VARIANT_PATTERN", "Mark", "Moves", "Outcome", "Rules", "UnknownVariant", "names", "rules_of"]

VARIANTS: Final[Mapping[str, Rules]] = {rules.NAME: rules for rules in (classic, misere)}
"""The games that have a name of their own; those of the (m,n,k) family are called by their measures."""


class UnknownVariant(ValueError):
    """There is no game of that name."""


def names() -> tuple[str, ...]:
    """Return the names of the games that have one."""
    return tuple(VARIANTS)


VARIANT_PATTERN: Final = f"^(?:{'|'.join(VARIANTS)}|{PATTERN})$"
"""What the name of a variant looks like, for whoever describes it; `rules_of` decides."""


@lru_cache(maxsize=256)
def rules_of(variant: str) -> Rules:
    """Return the rules of a variant, `3x4x3` being three wide, four high, three in a row; raises UnknownVariant."""
    if variant in VARIANTS:
        return VARIANTS[variant]
    if not re.fullmatch(PATTERN, variant):
        raise UnknownVariant(f"It is one of {', '.join(VARIANTS)}, or <width>x<height>x<k>.")
    try:
        return mnk(*map(int, variant.split("x")))
    except ValueError as error:
        raise UnknownVariant(str(error)) from None
