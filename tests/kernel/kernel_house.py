"""A whole kernel on a scripted driver and a temporary root, for the kernel's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.jobs import JobRecord, StoredEvent
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody
from eigen.contracts.trace import Span, TraceContext
from eigen.drivers.manager import LocalDriverManager
from eigen.kernel.shell import QrtxKernel
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import Driver
from eigen.ports.kernel import KernelJob, KernelLimits, KernelObserver
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.openings import RootArtifacts
from eigen.system.clock import RandomIds, SystemClock
from eigen.testing.scripted_driver import ScriptedDriver

AQO = b"""{"version": "0.1", "qubits": 2, "operations": [
  {"op": "H", "q": [0]}, {"op": "CX", "q": [0, 1]}, {"op": "MEASURE", "q": [0, 1], "c": [0, 1]}]}"""
TRACE = TraceContext(trace_id="a" * 32, span_id="b" * 16)


def bell(*, content: bytes = AQO, key: str = "", **body: Any) -> KernelJob:
    fields = {"target": "scripted:device", "shots": 100, "language": Language.AQO, **body}
    return KernelJob(
        spec=JobSpec(metadata=JobMetadata(name="bell"), spec=JobSpecBody(**fields)),
        source=ProgramSource(content=content, filename="program.aqo.json", language=Language.AQO),
        job_yaml=b"kind: QuantumJob\n",
        subject="ada",
        tenant="default",
        trace=TRACE,
        idempotency_key=key,
    )


@dataclass
class Notes(KernelObserver):
    """An observer that keeps what it hears."""

    transitions: list[tuple[str, str]] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    ended: list[tuple[str, tuple[StoredEvent, ...], tuple[Span, ...]]] = field(default_factory=list)
    defects: list[BaseException] = field(default_factory=list)

    def on_transition(self, before: JobRecord | None, after: JobRecord, event_kind: str) -> None:
        self.transitions.append((event_kind, after.state.value))

    def on_ended(self, job: JobRecord, events: Sequence[StoredEvent], spans: Sequence[Span]) -> None:
        self.ended.append((job.job_id, tuple(events), tuple(spans)))

    def on_stage(self, stage: str, duration_sec: float) -> None:
        assert duration_sec >= 0
        self.stages.append(stage)

    def on_queue_depth(self, device_id: str, depth: int) -> None:
        self.depths.append(depth)

    def on_defect(self, job_id: str, stage: str, error: BaseException) -> None:
        self.defects.append(error)


@dataclass
class House:
    kernel: QrtxKernel
    store: SqliteJobStore
    artifacts: ArtifactStore
    driver: ScriptedDriver
    notes: Notes

    async def end(self, job_id: str) -> JobRecord:
        with anyio.fail_after(60):
            async for _ in self.kernel.updates(job_id):
                pass
        return await self.kernel.record(job_id)

    async def reach(self, job_id: str, stage: str) -> JobRecord:
        """Return a job's record as soon as it is in a stage."""
        with anyio.fail_after(60):
            while (record := await self.kernel.record(job_id)).stage != stage:
                await anyio.lowlevel.checkpoint()
            return record

    async def has_load(self, running: int, waiting: int) -> None:
        """Return as soon as so many jobs run on the device, and so many wait for it."""
        with anyio.fail_after(60):
            while self.kernel.load("scripted:device") != (running, waiting):
                await anyio.lowlevel.checkpoint()

    def is_idle(self) -> bool:
        """Whether nothing is held: no live job, no slot, no place in a line, no memory."""
        return self.kernel.load("scripted:device") == (0, 0) and self.kernel.used_bytes == self.kernel.num_live == 0


_LIMITS = KernelLimits()


@asynccontextmanager
async def house(
    root: Path,
    *,
    artifacts: ArtifactStore | None = None,
    owner: str = "sys_a",
    adopts: bool = True,
    works: bool = True,
    compiler: Compiler | None = None,
    store: type[SqliteJobStore] = SqliteJobStore,
    drivers: Mapping[str, Driver] | None = None,
    memory_bytes: int = 2**30,
    limits: KernelLimits = _LIMITS,
    clock: Clock | None = None,
) -> AsyncIterator[House]:
    driver, notes = ScriptedDriver(), Notes()
    folders = artifacts or DiskArtifactStore(root / "circuit_fs")
    async with (
        store(root, owner=owner) as opened,
        LocalDriverManager({"scripted": driver, **(drivers or {})}) as manager,
        QrtxKernel(
            store=opened,
            artifacts=(artifacts := RootArtifacts(folders, opened)),
            compiler=compiler or EigenCompiler(),
            drivers=manager,
            clock=clock or SystemClock(),
            ids=RandomIds(),
            observer=notes,
            owner=owner,
            memory_bytes=memory_bytes,
            limits=limits,
            adopts=adopts,
            works=works,
        ) as kernel,
    ):
        yield House(kernel, opened, artifacts, driver, notes)
