"""How a board may be turned and mirrored, so that images of one position are looked at once."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_WIDEST: Final = 10

Image = tuple[tuple[int, tuple[int, ...]], ...]
"""For each row how far down its bits stand, and by those bits the set of cells they come to."""


@lru_cache(maxsize=16)
def images(width: int, height: int) -> tuple[Image, ...]:
    """Return what maps a set of cells to its images, itself left out; none for boards too wide to tabulate rows of."""
    if width > _WIDEST:
        return ()
    return tuple([_image(width, height, cells) for cells in _permutations(width, height)][1:])


def least(held: int, images_of: tuple[Image, ...], width: int, shift: int) -> int:
    """Return the least of all images of a position: the one side's cells, and the other's so many bits above them."""
    found, row = held, (1 << width) - 1
    other = held >> shift
    for image in images_of:
        mapped = 0
        for at, table in image:
            mapped |= table[held >> at & row] | table[other >> at & row] << shift
        found = min(found, mapped)
    return found


def _permutations(width: int, height: int) -> Iterator[list[int]]:
    for mirrored in range(8 if width == height else 4):
        cells: list[int] = []
        for cell in range(width * height):
            y, x = divmod(cell, width)
            x = width - 1 - x if mirrored & 1 else x
            y = height - 1 - y if mirrored & 2 else y
            cells.append(x * width + y if mirrored & 4 else y * width + x)
        yield cells


def _image(width: int, height: int, cells: list[int]) -> Image:
    rows: list[tuple[int, tuple[int, ...]]] = []
    for at in range(0, width * height, width):
        table = [sum([1 << cells[at + x] for x in range(width) if row >> x & 1]) for row in range(1 << width)]
        rows.append((at, tuple(table)))
    return tuple(rows)
