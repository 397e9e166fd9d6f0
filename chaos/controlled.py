"""A system in a child that does one thing at a time, on command: for walks through its states.

Its clock is moved by hand, so that nothing of its own happens meanwhile; its device holds every job until the gate of
the job is opened, for an answer, a refusal or a death.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from chaos.devices import Witness
from chaos.errands import request
from chaos.lives import case_of
from chaos.parts import Part
from chaos.processes import Child, start_life
from eigen.contracts.errors import EigenError, InvalidArgumentError, UnavailableError
from eigen.contracts.execution import ExecutionRequest, ExecutionResult
from eigen.system.composition import System, open_system
from eigen.testing.clock import ManualClock
from eigen.testing.scripted_driver import ScriptedDriver

__all__ = ["ControlledSystem", "StuckError"]

_ANSWER_SEC = 20.0
_SETTLE_SEC = 0.002
_SETTLE_TURNS = 4
_START = datetime(2026, 1, 1, tzinfo=UTC)


class StuckError(AssertionError):
    """A system that lives does not answer."""


class ControlledSystem:
    """A system, as its commander sees it.

    Args:
        folder: Where it lives.
        gates: Job to what comes of it, for gates that are open already.
        elapsed_sec: The time.
        parts: What stands in the place of right parts.
    """

    def __init__(
        self, folder: Path, *, gates: Mapping[str, str], elapsed_sec: float, parts: Sequence[Part] = ()
    ) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        self.child: Child = start_life(partial(_obey, folder, theirs, ours, dict(gates), elapsed_sec, tuple(parts)))
        theirs.close()
        self._lines = ours.makefile("r")
        self.is_stopped = False
        self._read()

    def do(self, what: str, **facts: Any) -> dict[str, Any]:
        """Have it do something and return its answer; `reason` in it tells a typed error.

        Raises:
            StuckError: It does not answer, or has ended by itself.
        """
        self._socket.sendall((json.dumps({"do": what, **facts}) + "\n").encode())
        return self._read()

    def end(self) -> None:
        """Let go of one that was killed, or told to close."""
        self.child.kill()
        self.child.wait(limit_sec=_ANSWER_SEC)
        self._lines.close()
        self._socket.close()

    def _read(self) -> dict[str, Any]:
        self._socket.settimeout(_ANSWER_SEC)
        try:
            line = self._lines.readline()
        except TimeoutError as error:
            raise StuckError(f"no answer within {_ANSWER_SEC:.0f} s") from error
        if not line:
            raise StuckError(f"it ended by itself: {self.child.wait(limit_sec=1.0).story}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class _GatedDriver(ScriptedDriver):
    def __init__(self, witness: Witness, gates: dict[str, str]) -> None:
        super().__init__()
        self.answer({"00": 50, "11": 50})
        self._witness = witness
        self._gates = gates
        self._opened = anyio.Event()

    def open(self, job_id: str, outcome: str) -> None:
        """Let a job pass, now and whenever it comes again."""
        self._gates[job_id] = outcome
        self._opened.set()
        self._opened = anyio.Event()

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Wait at the gate, and do what it is opened for."""
        with self._witness.running(request.job_id):
            while request.job_id not in self._gates:
                await self._opened.wait()
            if self._gates[request.job_id] == "die":
                raise UnavailableError("the backend died", reason="WORKER_DIED")
            if self._gates[request.job_id] == "refuse":
                raise InvalidArgumentError("the backend refuses", reason="REFUSED")
            return await super().execute(request)


def _obey(
    folder: Path,
    connection: socket.socket,
    commanders: socket.socket,
    gates: dict[str, str],
    elapsed_sec: float,
    parts: Sequence[Part],
) -> None:
    """Run in the child: do what comes, until told to close."""
    commanders.close()
    for part in parts:
        part.plant()
    case = case_of(folder)
    anyio.run(_serve, connection, case.root, _GatedDriver(Witness(case.runs), gates), elapsed_sec)


async def _serve(connection: socket.socket, root: Path, driver: _GatedDriver, elapsed_sec: float) -> None:
    clock = ManualClock(_START + timedelta(seconds=elapsed_sec))
    async with AsyncExitStack() as stack:
        opened = open_system(root, drivers={driver.name: driver}, clock=clock, observed=False)
        system = await stack.enter_async_context(opened)
        deeds: dict[str, Callable[..., Any]] = {
            "submit": partial(_submit, system),
            "cancel": partial(_cancel, system),
            "look": partial(_look, system),
            "open": partial(_open, driver),
            "advance": partial(_advance, clock),
        }
        connection.setblocking(False)
        connection.sendall(b"{}\n")
        while (command := await _next(connection)) is not None:
            answer = await _answer(deeds[command.pop("do")], command)
            for _ in range(_SETTLE_TURNS):
                await anyio.sleep(_SETTLE_SEC)
            connection.sendall((json.dumps(answer) + "\n").encode())
    connection.sendall(b"{}\n")


async def _next(connection: socket.socket) -> dict[str, Any] | None:
    """Return the next command; they come one at a time."""
    await anyio.wait_readable(connection)
    line = connection.recv(65_536)
    command: dict[str, Any] = json.loads(line) if line else {"do": "close"}
    return None if command["do"] == "close" else command


async def _answer(deed: Callable[..., Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await deed(**facts)
    except EigenError as error:
        return {"reason": error.reason}
    return answer


async def _submit(system: System, kind: str, key: str, variant: int) -> dict[str, Any]:
    status = await system.api.submit_job(request(kind, key=key, device="scripted:device", variant=variant))
    return {"job_id": status.job_id}


async def _cancel(system: System, job_id: str) -> dict[str, Any]:
    return {"state": (await system.api.cancel_job(job_id)).state.value}


async def _look(system: System, job_id: str) -> dict[str, Any]:
    status = await system.api.get_job_status(job_id)
    return {"state": status.state.value, "event_seq": status.event_seq}


async def _open(driver: _GatedDriver, job_id: str, outcome: str) -> dict[str, Any]:
    driver.open(job_id, outcome)
    return {}


async def _advance(clock: ManualClock, sec: float) -> dict[str, Any]:
    clock.advance(sec)
    return {}
