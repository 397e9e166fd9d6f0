"""The HTTP endpoint of one system, for Prometheus and for whoever watches over processes.

`GET /metrics` has the metrics, `/healthz` answers while the event loop turns, `/readyz` while the job store can be read
too. It listens on this machine only, answers one request for each connection, reads at most `_MAX_REQUEST_BYTES` of it
and waits for it at most `_TIME_LIMIT_SEC`. Source: RFC 9112; Prometheus text format 0.0.4.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute, SocketStream

from eigen.contracts.errors import EigenError, InvalidArgumentError, UnavailableError
from eigen.telemetry.metrics import Metrics

__all__ = ["serving_metrics"]

LAG_EVERY_SEC = 0.5
"""How often the lag of the event loop is measured."""

_ADDRESS = "127.0.0.1"
_LAST_PORT = 65_535
_MAX_REQUEST_BYTES = 8 * 1024
_MAX_CONNECTIONS = 16
_TIME_LIMIT_SEC = 5.0
_TEXT = "text/plain; charset=utf-8"
_METRICS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}

Answer = tuple[int, str, str]
"""Status, content type and text."""


@asynccontextmanager
async def serving_metrics(
    metrics: Metrics, *, port: int, is_ready: Callable[[], Awaitable[object]]
) -> AsyncIterator[int]:
    """Answer requests while the body runs, and measure the event loop's lag.

    Args:
        metrics: What is shown.
        port: Where to listen; 0 for any that is free.
        is_ready: Returns where the system can work, and raises EigenError where it cannot.

    Yields:
        The port.

    Raises:
        InvalidArgumentError: There is no such port.
        UnavailableError: The port is taken, or not allowed.
    """
    if not 0 <= port <= _LAST_PORT:
        raise InvalidArgumentError(
            f"there is no port {port}", reason="METRICS_PORT", hint=f"a port is a number from 0 to {_LAST_PORT}"
        )
    try:
        listener = await anyio.create_tcp_listener(local_host=_ADDRESS, local_port=port)
    except OSError as error:
        raise UnavailableError(
            f"port {port} cannot be listened on: {error.strerror}", reason="METRICS_PORT", hint="choose another port"
        ) from error
    endpoint = _Endpoint(metrics, is_ready)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, endpoint.answer)
        tasks.start_soon(_measure_lag, metrics)
        try:
            yield int(listener.extra(SocketAttribute.local_port))  # noqa: S610  # anyio's, not Django's
        finally:
            tasks.cancel_scope.cancel()


class _Endpoint:
    """What is answered to a connection."""

    def __init__(self, metrics: Metrics, is_ready: Callable[[], Awaitable[object]]) -> None:
        self._metrics = metrics
        self._is_ready = is_ready
        self._room = anyio.CapacityLimiter(_MAX_CONNECTIONS)

    async def answer(self, stream: SocketStream) -> None:
        """Answer one request, and close."""
        async with stream, self._room:
            with anyio.move_on_after(_TIME_LIMIT_SEC):
                try:
                    status, content_type, text = await self._answer_to(await _request_line(stream))
                    await stream.send(_encoded(status, content_type, text))
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):  # who asked has gone away
                    return

    async def _answer_to(self, line: str) -> Answer:
        method, _, rest = line.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if not rest.endswith(("HTTP/1.1", "HTTP/1.0")):
            return 400, _TEXT, "not a request of HTTP/1.1\n"
        if method != "GET":
            return 405, _TEXT, "GET only\n"
        if path == "/metrics":
            return 200, _METRICS_TEXT, self._metrics.render()
        if path == "/healthz":
            return 200, _TEXT, "ok\n"
        if path == "/readyz":
            return await self._readiness()
        return 404, _TEXT, "there are /metrics, /healthz and /readyz\n"

    async def _readiness(self) -> Answer:
        try:
            await self._is_ready()
        except EigenError as error:
            return 503, _TEXT, f"{error.reason}\n"
        return 200, _TEXT, "ok\n"


async def _measure_lag(metrics: Metrics) -> None:
    """Note how much later than asked the loop comes back."""
    while True:
        due = anyio.current_time() + LAG_EVERY_SEC
        await anyio.sleep_until(due)
        metrics.loop_lag(anyio.current_time() - due)


async def _request_line(stream: SocketStream) -> str:
    """Return the first line of a request whose head has come whole; an empty one for what is none."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MAX_REQUEST_BYTES:
        try:
            head += await stream.receive(_MAX_REQUEST_BYTES)
        except anyio.EndOfStream:
            return ""
    return head.partition(b"\r\n")[0].decode("latin-1")


def _encoded(status: int, content_type: str, text: str) -> bytes:
    body = text.encode()
    allow = "Allow: GET\r\n" if status == 405 else ""
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {content_type}\r\n{allow}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
