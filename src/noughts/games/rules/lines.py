"""Which cells of a board make a line."""

from collections.abc import Iterator
from functools import lru_cache

_DIRECTIONS = ((1, 0), (0, 1), (1, 1), (-1, 1))


@lru_cache(maxsize=64)
def lines(width: int, height: int, length: int) -> tuple[tuple[int, ...], ...]:
    """Return every line of that length, each ascending: rows first, then columns, then diagonals."""
    return tuple(_lines(width, height, length))


def _lines(width: int, height: int, length: int) -> Iterator[tuple[int, ...]]:
    for across, down in _DIRECTIONS:
        for y in range(height):
            for x in range(width):
                end_x, end_y = x + across * (length - 1), y + down * (length - 1)
                if 0 <= end_x < width and end_y < height:
                    yield tuple([(y + down * at) * width + x + across * at for at in range(length)])
