"""Logs, audit, metrics and spans: wraps the ports and observes the kernel; no service knows of it.

`setup` is loaded by a running system only, since structlog, OpenTelemetry and the Prometheus client are slow to import;
`audit`, `lines` and `sinks` are quick, and are there for every command.
"""
