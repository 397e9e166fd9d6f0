"""Logs, metrics and spans: wraps the ports and observes the kernel; no service knows of it.

Loaded by a running system only, since structlog, OpenTelemetry and the Prometheus client are slow to import.
"""

from __future__ import annotations

from eigen.telemetry.setup import Telemetry
from eigen.telemetry.sinks import FileSink, LogSink, MemorySink

__all__ = ["FileSink", "LogSink", "MemorySink", "Telemetry"]
