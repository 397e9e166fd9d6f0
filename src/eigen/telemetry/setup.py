"""`Telemetry`: what makes one system seen; made by the composition root, which wraps its ports with it.

The observers of one system share a log, metrics and a tracer; nothing is shared between systems.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from opentelemetry.trace import TracerProvider
from structlog.typing import FilteringBoundLogger

from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock, IdSource
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import DriverManager
from eigen.ports.kernel import KernelObserver
from eigen.ports.system_api import SystemApi
from eigen.telemetry.artifact_store import ObservedArtifactStore
from eigen.telemetry.calls import Instruments
from eigen.telemetry.compiler import ObservedCompiler
from eigen.telemetry.drivers import ObservedDriverManager
from eigen.telemetry.exporting import Exporting
from eigen.telemetry.forwarding import Forwarding
from eigen.telemetry.kernel_observer import TelemetryObserver
from eigen.telemetry.logs import LineWriter, open_log
from eigen.telemetry.metrics import Metrics
from eigen.telemetry.sinks import LogSink
from eigen.telemetry.spans import Spans, TracedIds
from eigen.telemetry.system_api import ObservedSystemApi

__all__ = ["Telemetry"]


class Telemetry:
    """The telemetry of one system; a context manager that closes its sink.

    Args:
        sink: Where log lines go.
        clock: Gives timestamps and durations.
        service: The part that speaks in `log`'s own lines.
        level: The least serious lines that are written.
        exporting: Where the traces of jobs that have ended go, if the environment asks for it.
        tracer_provider: The SDK of the program around us; without one, whichever it has set up, if it has.

    Attributes:
        metrics: What was counted.
        log: The system's logger; `log.bind(service=…)` gives another part's.
        observer: What the kernel tells of its jobs.
    """

    def __init__(
        self,
        sink: LogSink,
        *,
        clock: Clock,
        service: str = "eigen",
        level: str = "info",
        exporting: Exporting | None = None,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        self._sink = sink
        self.metrics: Metrics = Metrics()
        self.log: FilteringBoundLogger = open_log(sink, clock=clock, service=service, level=level)
        self._spans = Spans(tracer_provider)
        self._instruments = Instruments(
            metrics=self.metrics,
            log=self.log,
            write=LineWriter(sink, clock=clock, level=level).write,
            spans=self._spans,
            monotonic=clock.monotonic,
        )
        observer = TelemetryObserver(self._instruments, exporting=exporting)
        self.observer: KernelObserver = observer
        self._forwarding = Forwarding(self.log, has_job=observer.has_job)

    @property
    def lost_lines(self) -> int:
        """How many log lines could not be written."""
        return self._sink.lost_lines

    def flush(self) -> None:
        """Write the log lines that wait for others to be written with."""
        self._sink.flush()

    def api(self, inner: SystemApi) -> SystemApi:
        """Return a System API whose calls are seen."""
        return ObservedSystemApi(inner, self._instruments)

    def compiler(self, inner: Compiler) -> Compiler:
        """Return a compiler whose calls are seen."""
        return ObservedCompiler(inner, self._instruments)

    def drivers(self, inner: DriverManager) -> DriverManager:
        """Return a driver manager whose calls are seen."""
        return ObservedDriverManager(inner, self._instruments)

    def artifacts(self, inner: ArtifactStore) -> ArtifactStore:
        """Return an artifact store whose calls are seen."""
        return ObservedArtifactStore(inner, self._instruments)

    def ids(self, inner: IdSource) -> IdSource:
        """Return an id source whose traces are those that the user's OpenTelemetry SDK records, where there is one."""
        return TracedIds(inner, spans=self._spans)

    def __enter__(self) -> Self:
        self._forwarding.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._forwarding.__exit__(kind, error, traceback)
        self.close()

    def close(self) -> None:
        """Close the sink."""
        self._sink.close()
