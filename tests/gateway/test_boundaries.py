"""A word of the gateway's own never falls into the middle of what a service says."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from noughts.gateway.boundaries import Boundary

FRAMES = st.lists(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536]).map(bytes), min_size=1, max_size=4)


@given(FRAMES, st.lists(st.integers(0, 300_000), max_size=12))
def test_between_frames_is_where_one_ended_and_nowhere_else(texts: list[bytes], cuts: list[int]) -> None:
    frames = [Frame(Opcode.TEXT, text).serialize(mask=False) for text in texts]
    said = b"".join(frames)
    ends = {0} | {sum(map(len, frames[: n + 1])) for n in range(len(frames))}
    boundary = Boundary()
    for start, stop in pairwise(sorted({0, *ends, *(cut % (len(said) + 1) for cut in cuts)})):
        boundary.pass_by(said[start:stop])
        assert boundary.is_between is (stop in ends)
