"""Conditional requests (RFC 9110, 13): which state of a thing a request is about."""

import re
from typing import Final

import msgspec

from noughts.kit.errors import BadRequest

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e]*"'
_LIST: Final = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")
_ONE: Final = re.compile(_TAG)
ANY: Final = "*"


class EntityTags(msgspec.Struct, frozen=True):
    """The tags of an If-Match or If-None-Match header, as written; `*` stands for whatever there is."""

    tags: frozenset[str]

    @classmethod
    def parse(cls, header: str) -> "EntityTags":
        """Return the tags of a header; raises BadRequest when it is not a list of entity tags."""
        if header.strip() == ANY:
            return cls(frozenset((ANY,)))
        if _LIST.fullmatch(header) is None:
            raise BadRequest("An entity tag is written in double quotes.")
        return cls(frozenset(_ONE.findall(header)))

    def match(self, current: str) -> bool:
        """Return whether a strong comparison finds the current tag (for If-Match: a weak tag never does)."""
        return ANY in self.tags or current in self.tags

    def match_weakly(self, current: str) -> bool:
        """Return whether a weak comparison finds the current tag (for If-None-Match)."""
        return ANY in self.tags or any(tag.removeprefix("W/") == current for tag in self.tags)
