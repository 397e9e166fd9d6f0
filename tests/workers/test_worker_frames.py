"""The wire format of the workers."""

from __future__ import annotations

import json
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.errors import InvariantError
from eigen.workers.frames import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
    BlockingChannel,
    Frame,
    FrameDecoder,
    FrameTooLargeError,
    encode_head,
)

HEADERS = st.dictionaries(
    st.text(max_size=5), st.none() | st.integers() | st.text() | st.lists(st.booleans()), max_size=5
)
FRAMES = st.builds(Frame, HEADERS, st.binary(max_size=50))


@given(frames=st.lists(FRAMES, max_size=4), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_frames_survive_any_cutting_of_the_stream(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode_head(frame) + frame.body for frame in frames)
    decoder = FrameDecoder()
    found: list[Frame] = []
    position = turn = 0
    while position < len(stream):
        size = cuts[turn % len(cuts)]
        found.extend(decoder.feed(stream[position : position + size]))
        position, turn = position + size, turn + 1
    assert found == frames


@pytest.mark.parametrize("lengths", [(MAX_HEADER_BYTES + 1, 0), (2, MAX_BODY_BYTES + 1), (2**32 - 1, 2**32 - 1)])
def test_a_length_beyond_the_limit_is_refused_before_anything_is_read(lengths: tuple[int, int]) -> None:
    with pytest.raises(FrameTooLargeError):
        list(FrameDecoder().feed(struct.pack("!II", *lengths)))


def test_a_header_beyond_the_limit_is_not_sent() -> None:
    with pytest.raises(FrameTooLargeError):
        encode_head(Frame({"text": "x" * MAX_HEADER_BYTES}))


def test_a_header_that_is_no_object_is_refused() -> None:
    header = json.dumps([1]).encode()
    with pytest.raises(InvariantError):
        list(FrameDecoder().feed(struct.pack("!II", len(header), 0) + header))


def test_numbers_that_json_lacks_are_not_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_head(Frame({"angle": float("nan")}))


def test_a_blocking_channel_tells_the_end_of_its_peer() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            BlockingChannel(theirs).send(Frame({"a": 1}, b"body"))
        channel = BlockingChannel(ours)
        assert channel.receive() == Frame({"a": 1}, b"body")
        assert channel.receive() is None
