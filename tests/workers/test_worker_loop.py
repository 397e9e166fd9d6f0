"""The worker's loop, seen from the other end of its socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from eigen.testing.obedient_engine import ObedientEngine
from eigen.workers.frames import BlockingChannel, Frame
from eigen.workers.worker import serve


@pytest.fixture
def channel() -> Iterator[BlockingChannel]:
    ours, theirs = socket.socketpair()
    with theirs:
        worker = threading.Thread(target=serve, args=(theirs, ObedientEngine()))
        worker.start()
        with ours:
            yield BlockingChannel(ours)
        worker.join(timeout=60)
        assert not worker.is_alive()


def request(body: bytes = b"", **arguments: Any) -> Frame:
    header = {"id": 5, "digest": "d", "memory_bytes": 2**40, "num_threads": 1, "arguments": arguments}
    return Frame(header, body)


def test_a_circuit_that_the_worker_does_not_hold_is_asked_for(channel: BlockingChannel) -> None:
    channel.send(request(do="echo"))
    assert channel.receive() == Frame({"id": 5, "unknown": True})
    channel.send(request(b"text", do="echo"))
    answer = channel.receive()
    assert answer is not None
    assert (answer.header["part"]["text"], answer.header["end"]) == ("text", True)


def test_a_circuit_that_the_worker_holds_needs_no_body(channel: BlockingChannel) -> None:
    channel.send(request(b"text", do="echo"))
    channel.receive()
    channel.send(request(do="echo"))
    answer = channel.receive()
    assert answer is not None
    assert answer.header["part"]["num_prepared"] == 1


def test_a_circuit_whose_run_failed_is_forgotten(channel: BlockingChannel) -> None:
    channel.send(request(b"text", do="refuse"))
    answer = channel.receive()
    assert answer is not None
    assert answer.header["error"]["reason"] == "NO_GATE"
    assert answer.header["story"] == ""
    channel.send(request(do="echo"))
    assert channel.receive() == Frame({"id": 5, "unknown": True})


def test_only_the_last_frame_of_an_answer_has_the_end(channel: BlockingChannel) -> None:
    channel.send(request(b"text", do="parts", number=3, size=1))
    frames = [channel.receive() for _ in range(3)]
    assert [frame is not None and "end" in frame.header for frame in frames] == [False, False, True]
