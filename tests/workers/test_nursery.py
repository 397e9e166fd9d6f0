"""The nursery's own process: what happens to its workers happens to them, and not to it."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from eigen.workers.frames import BlockingChannel, Frame, encode_head

_LIMIT_SEC = 60.0


@dataclass
class RawNursery:
    """A nursery as the system has it at the other end of a socket."""

    connection: socket.socket
    pid: int
    kept: dict[int, socket.socket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._channel = BlockingChannel(self.connection)

    def fork(self, worker_id: int) -> dict[str, object]:
        ours, theirs = socket.socketpair()
        with theirs:
            request = encode_head(Frame({"do": "fork", "worker": worker_id}))
            socket.send_fds(self.connection, [request], [theirs.fileno()])
        self.kept[worker_id] = ours
        return self.told()

    def kill_at_once(self, worker_ids: range) -> None:
        self.connection.sendall(b"".join(encode_head(Frame({"do": "kill", "worker": one})) for one in worker_ids))

    def told(self) -> dict[str, object]:
        frame = self._channel.receive()
        assert frame is not None, "the nursery has ended"
        return dict(frame.header)


@contextmanager
def raw_nursery() -> Iterator[RawNursery]:
    ours, theirs = socket.socketpair()
    ours.settimeout(_LIMIT_SEC)
    engine = "eigen.testing.obedient_engine:ObedientEngine"
    command = [sys.executable, "-P", "-m", "eigen.workers.nursery", str(theirs.fileno()), engine, str(os.getpid())]
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    theirs.close()
    nursery = RawNursery(ours, process.pid)
    try:
        assert nursery.told() == {"ready": True}
        yield nursery
    finally:
        for one in (ours, *nursery.kept.values()):
            one.close()
        assert process.wait(_LIMIT_SEC) == 0


def test_workers_that_die_at_once_are_told_one_by_one_and_cost_no_nursery() -> None:
    with raw_nursery() as nursery:
        for first in range(0, 100, 20):
            workers = range(first, first + 20)
            assert [nursery.fork(one)["forked"] for one in workers] == list(workers)
            nursery.kill_at_once(workers)
            assert {nursery.told()["exited"] for _ in workers} == set(workers)
        assert nursery.fork(1_000)["forked"] == 1_000


@pytest.mark.skipif(sys.platform != "linux", reason="another process's limits are set on Linux only")
def test_a_worker_that_finds_no_room_is_told_and_costs_no_other() -> None:
    with raw_nursery() as nursery:
        resource.prlimit(nursery.pid, resource.RLIMIT_NOFILE, (24, 24))
        told = [nursery.fork(number) for number in range(24)]
        born = [one["forked"] for one in told if "forked" in one]
        refused = [str(one["output"]) for one in told if "exited" in one]
        assert born == list(range(len(born)))
        assert refused
        assert all(one.startswith("not started: ") for one in refused)
        nursery.kill_at_once(range(1))
        assert nursery.told()["exited"] == 0
        assert nursery.fork(100)["forked"] == 100
