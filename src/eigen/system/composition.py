"""The composition root: one function that opens a whole system, and closes it in the reverse order.

To move a service into a process of its own, give another adapter of its port here; nothing else knows which one it is.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

from eigen.contracts.jobs import JobFilter
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock, IdSource
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import Driver, DriverManager
from eigen.ports.identity import Authenticator
from eigen.ports.kernel import Kernel, KernelLimits
from eigen.ports.system_api import SystemApi

if TYPE_CHECKING:
    from eigen.system.configuration import Configuration
    from eigen.telemetry.exporting import Exporting
    from eigen.telemetry.setup import Telemetry
    from eigen.telemetry.sinks import LogSink

__all__ = ["System", "open_system"]

_MEMORY_SHARE = 0.9
"""How much of the memory that is available the running jobs may take, where nobody says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An open system and its ports.

    Attributes:
        root: The folder that it lives in.
        api: What every entrance speaks to.
        kernel: Queue and life cycle of jobs.
        compiler: Source to circuit.
        drivers: Circuit to counts.
        artifacts: CircuitFS.
        telemetry: Logs, metrics and spans, or None where it was opened without.
        metrics_port: Where `/metrics`, `/healthz` and `/readyz` are answered on this machine; None where they are not.
    """

    root: Path
    api: SystemApi
    kernel: Kernel
    compiler: Compiler
    drivers: DriverManager
    artifacts: ArtifactStore
    telemetry: Telemetry | None
    metrics_port: int | None = None


@asynccontextmanager
async def open_system(
    root: str | os.PathLike[str] | None = None,
    *,
    drivers: Mapping[str, Driver] | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    authenticator: Authenticator | None = None,
    adopts: bool = True,
    works: bool = True,
    limits: KernelLimits | None = None,
    observed: bool = True,
    metrics_port: int | None = None,
) -> AsyncIterator[System]:
    """Open a whole system on a root folder; several may be open on one root, in any processes.

    When it closes, running work is stopped, and jobs that have not ended are left to the next system on the root.

    Args:
        root: The folder; made where it is missing. None: what is configured (`EIGEN_HOME`, `config.toml`), else the
            platform's folder for user data.
        drivers: Drivers by name, instead of those that are installed or configured.
        clock: Time.
        ids: Ids and seeds.
        authenticator: Says who calls; by default the user of this process.
        adopts: Whether jobs whose system is gone are continued.
        works: Whether jobs that are submitted are run here; else they are left to the next system when this one closes.
        limits: How many jobs it takes on, and how much memory those that run may take together. None: what is
            configured.
        observed: Whether there are logs, metrics and spans; a look-up is quicker without. Decisions on who may do what
            are kept either way.
        metrics_port: Port of this machine for `/metrics`, `/healthz` and `/readyz`; 0 for any that is free, None for
            none. It needs `observed`.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written the root, or the environment asks for spans to
            be exported and the extra `otel` is not installed.
        UnavailableError: The root cannot be read or written.

    Example:
        >>> import anyio, eigen, tempfile
        >>> async def devices(root):
        ...     async with eigen.open_system(root) as system:
        ...         return [device.device_id for device in await system.api.list_devices()]
        >>> with tempfile.TemporaryDirectory() as root:
        ...     "sim:local" in anyio.run(devices, root)
        True
    """
    from eigen.api.permissions import RoleAuthorizer
    from eigen.api.service import EigenSystemApi
    from eigen.drivers.manager import LocalDriverManager
    from eigen.kernel.shell import QrtxKernel
    from eigen.kernel.stores.sqlite import SqliteJobStore
    from eigen.qfs.disk import DiskArtifactStore
    from eigen.qfs.opening_log import OpeningLog
    from eigen.qfs.openings import RootArtifacts
    from eigen.system.answering import Answering
    from eigen.system.clock import RandomIds, SystemClock
    from eigen.system.configuration import load_configuration
    from eigen.system.deferral import DeferredCompiler
    from eigen.system.local_user import LocalUserAuthenticator
    from eigen.system.root import default_root, require_store
    from eigen.system.silence import SilentObserver
    from eigen.telemetry.audit import LoggedAudit
    from eigen.telemetry.sinks import WriteBehind

    given = Path(root) if root is not None else default_root()
    folder = given.absolute()
    configuration = load_configuration()
    limits = limits or configuration.limits
    clock, ids = clock or SystemClock(), ids or RandomIds()
    owner = f"sys_{secrets.token_hex(8)}"
    require_store(folder)
    async with AsyncExitStack() as stack:
        copies = OpeningLog(folder / "circuit_fs", owner=owner)
        store = await stack.enter_async_context(SqliteJobStore(folder, owner=owner, shown_as=str(given), copies=copies))
        sink = await to_thread.run_sync(_log_of, folder)
        stack.callback(sink.close)
        await stack.enter_async_context(WriteBehind(sink))
        telemetry = None
        if observed:
            from eigen.telemetry.tally import Folding, Tally

            exporting = await to_thread.run_sync(_exporting)
            if exporting is not None:
                await stack.enter_async_context(exporting)
            telemetry = stack.enter_context(
                await to_thread.run_sync(_telemetry, sink, clock, configuration.log_level, exporting)
            )
            await stack.enter_async_context(Folding(telemetry.metrics, tally=Tally(folder)))
            ids = telemetry.ids(ids)
        folders = DiskArtifactStore(folder / "circuit_fs", shown_as=str(given))
        artifacts: ArtifactStore = RootArtifacts(folders, store)
        compiler: Compiler = await stack.enter_async_context(DeferredCompiler())
        manager: DriverManager = LocalDriverManager(drivers, configured=_configured_drivers(configuration))
        if telemetry is not None:
            artifacts, compiler, manager = (
                telemetry.artifacts(artifacts),
                telemetry.compiler(compiler),
                telemetry.drivers(manager),
            )
        await stack.enter_async_context(manager)
        kernel = await stack.enter_async_context(
            QrtxKernel(
                store=store,
                artifacts=artifacts,
                compiler=compiler,
                drivers=manager,
                clock=clock,
                ids=ids,
                observer=telemetry.observer if telemetry is not None else SilentObserver(),
                owner=owner,
                memory_bytes=limits.memory_bytes or _available_bytes(),
                limits=limits,
                adopts=adopts,
                works=works,
            )
        )
        if works and observed:
            await stack.enter_async_context(Answering(folder, owner=owner, store=store, records=kernel))
        api: SystemApi = await stack.enter_async_context(
            EigenSystemApi(
                kernel=kernel,
                compiler=compiler,
                drivers=manager,
                artifacts=artifacts,
                ids=ids,
                authenticator=authenticator or LocalUserAuthenticator(folder),
                authorizer=RoleAuthorizer(),
                audit=LoggedAudit(sink, clock=clock),
            )
        )
        port = None
        if metrics_port is not None and telemetry is not None:
            from eigen.telemetry.http import serving_metrics

            is_ready = partial(store.select, JobFilter(), limit=1)
            port = await stack.enter_async_context(
                serving_metrics(telemetry.metrics, port=metrics_port, is_ready=is_ready)
            )
        yield System(
            root=folder,
            api=telemetry.api(api) if telemetry is not None else api,
            kernel=kernel,
            compiler=compiler,
            drivers=manager,
            artifacts=artifacts,
            telemetry=telemetry,
            metrics_port=port,
        )


def _configured_drivers(configuration: Configuration) -> Mapping[str, Driver]:
    if not configuration.devices:
        return {}
    from eigen.drivers.qiskit_backends.configured import configured_drivers

    return configured_drivers(configuration.devices, file=configuration.file)


def _available_bytes() -> int:
    from eigen.drivers.simulator.memory import available_bytes

    return available_bytes(share=_MEMORY_SHARE)


def _log_of(folder: Path) -> LogSink:
    from eigen.telemetry.sinks import FileSink

    return FileSink(folder / "logs" / "eigen.jsonl")


def _exporting() -> Exporting | None:
    from eigen.telemetry.exporting import open_exporting

    return open_exporting(os.environ)


def _telemetry(sink: LogSink, clock: Clock, level: str, exporting: Exporting | None) -> Telemetry:
    from eigen.telemetry.setup import Telemetry

    return Telemetry(sink, clock=clock, level=level, exporting=exporting)
