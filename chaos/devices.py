"""Devices that do what an errand tells them, and bear witness of who ran which job when.

While a job is run, its runner holds an exclusive `flock` on a file that bears the job's name: a second runner, in
whatever process, cannot get it, and writes that down. The operating system lets go of the lock of one that was killed.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.errors import InvalidArgumentError, UnavailableError
from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
from eigen.drivers.sim import SimDriver
from eigen.ports.drivers import Driver
from eigen.testing.scripted_driver import SCRIPTED_DEVICE, ScriptedDriver
from eigen.workers.pool import WorkerPool, WorkerRequest

__all__ = ["SLOW_SEC", "ErrandDriver", "Witness", "WorkerDriver", "errand_drivers", "is_free"]

SLOW_SEC = 0.5
"""How long a slow errand takes."""

MACHINE = replace(SCRIPTED_DEVICE, device_id="machine:device", driver="machine", simulator=False, max_batch=2)
"""A device whose results cannot be had again, and whose queue takes two points at a time."""

_COUNTS = {"00": 50, "11": 50}


class Witness:
    """The files in which runs of jobs are written down.

    Args:
        folder: Where they lie; outside of the root.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(exist_ok=True)
        self._log, self._measured = (
            os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for name in ("runs", "measured")
        )

    @contextmanager
    def running(self, job_id: str) -> Iterator[bool]:
        """Write down that a job is being run, and whether somebody else runs it too; gives whether it never was."""
        is_first = not (self._folder / job_id).exists()
        lock = os.open(self._folder / job_id, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.note("twice", job_id)
            self.note("begin", job_id)
            yield is_first
            self.note("end", job_id)
        finally:
            os.close(lock)

    def measured(self, request: ExecutionRequest) -> None:
        """Write down what of a job is about to be measured: the circuit, from which point on, by which seed."""
        asked = f"{request.job_id} {request.payload.digest[:16]}:{request.first_binding}:{request.options.seed}\n"
        os.write(self._measured, asked.encode())

    def note(self, word: str, job_id: str) -> None:
        """Append one line; a line is whole or absent."""
        os.write(self._log, f"{word} {job_id} {os.getpid()}\n".encode())


def is_free(lock: Path) -> bool:
    """Return whether nobody runs a job, whose lock is a file of a witness."""
    descriptor = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


class ErrandDriver(ScriptedDriver):
    """A device in the system's own process that answers at once, refuses, dies or holds.

    Args:
        witness: Who writes down what is run, and what is measured.
        device: What the device is.
    """

    def __init__(self, witness: Witness, device: DeviceInfo = SCRIPTED_DEVICE) -> None:
        super().__init__(device)
        self.name = device.driver
        self._witness = witness

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Do the errand's deed."""
        deed = request.options.driver_options["deed"]
        with self._witness.running(request.job_id) as is_first:
            if deed == "die" or (deed == "die once" and is_first):
                raise UnavailableError("the backend died", reason="WORKER_DIED")
            if deed == "refuse":
                raise InvalidArgumentError("the backend refuses", reason="REFUSED")
            if deed == "hold":
                await anyio.sleep_forever()
            self._witness.measured(request)
            if deed == "take time":
                await anyio.sleep(SLOW_SEC)
            return await super().execute(request)


class WorkerDriver(Driver):
    """A device whose runs are worker processes, real ones, with an engine that obeys; its device is `worker:device`.

    Args:
        witness: Who writes down what is run.
        slots: Most workers at once.
    """

    name = "worker"

    def __init__(self, witness: Witness, *, slots: int = 2) -> None:
        self._witness = witness
        self._device = replace(SCRIPTED_DEVICE, device_id="worker:device", driver=self.name, slots=slots)
        self._pool = WorkerPool("eigen.testing.obedient_engine:ObedientEngine", size=slots)

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The processes that it has: the nursery, then the workers."""
        return self._pool.process_ids

    async def __aenter__(self) -> Self:
        """Begin to serve; no process is started yet."""
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every process."""
        await self._pool.__aexit__(kind, error, traceback)

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return the one device."""
        return (self._device,)

    async def status(self, device_id: str) -> DeviceStatus:
        """Say that the device is there."""
        return DeviceStatus(device_id=device_id, state=DeviceState.ONLINE, reason="", running=0)

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        """Take everything."""
        return Admission(method="script", memory_bytes=0)

    async def prepare(self, device_id: str) -> None:
        """Start a worker in the background."""
        self._pool.prepare()

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        """Have a worker do the errand's deed."""
        deed = str(request.options.driver_options["deed"])
        with self._witness.running(request.job_id) as is_first:
            if deed == "die once":
                deed = "die" if is_first else "answer"
            work = WorkerRequest(
                digest=request.payload.digest,
                content=request.payload.data,
                arguments=_WORKERS_DEEDS[deed],
                memory_bytes=2**28,
            )
            await self._pool.run(work, lambda part: None)
        return (ExecutionResult(counts=_COUNTS, execution_time_sec=0.0, metadata={"backend": self.name}),)


_WORKERS_DEEDS: Mapping[str, Mapping[str, Any]] = {
    "answer": {"do": "echo"},
    "die": {"do": "die", "signal": signal.SIGKILL},
    "refuse": {"do": "refuse"},
    "hold": {"do": "spin"},
}


def errand_drivers(witness: Witness) -> dict[str, Driver]:
    """Return the drivers of a system that runs errands, by name; nothing is started."""
    return {
        "scripted": ErrandDriver(witness),
        "machine": ErrandDriver(witness, MACHINE),
        "worker": WorkerDriver(witness),
        "sim": SimDriver(),
    }
