"""The wire format between the system, the nursery and the workers.

A frame is two unsigned 32-bit lengths (network order), a JSON object, and raw bytes:
`header length | body length | header | body`. Both lengths are bounded before anything is allocated, so that a
damaged or hostile peer costs an error, not memory. Never pickle: a frame can only ever become JSON values and bytes.
"""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel

from eigen.contracts.errors import InvariantError

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_HEADER_BYTES",
    "AsyncChannel",
    "BlockingChannel",
    "Frame",
    "FrameDecoder",
    "FrameTooLargeError",
    "encode_head",
]

MAX_HEADER_BYTES = 4 * 2**20
"""Largest JSON part of a frame: what one turn of the event loop may decode."""

MAX_BODY_BYTES = 512 * 2**20
"""Largest raw part of a frame."""

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))  # one for all: making it takes as long as using it
_DECODER = json.JSONDecoder()
_LENGTHS = struct.Struct("!II")
_CHUNK_BYTES = 2**18
_MOST_DESCRIPTORS = 4


class FrameTooLargeError(Exception):
    """A frame is beyond the format's limits."""


class Frame(NamedTuple):
    """A JSON object with raw bytes behind it."""

    header: Mapping[str, Any]
    body: bytes = b""


def encode_head(frame: Frame) -> bytes:
    """Return everything of a frame but its body, which is sent behind it without being copied.

    Raises:
        FrameTooLargeError: The header or the body is beyond its limit.
    """
    header = _ENCODER.encode(frame.header).encode()
    _check_lengths(len(header), len(frame.body))
    return _LENGTHS.pack(len(header), len(frame.body)) + header


def _check_lengths(header_bytes: int, body_bytes: int) -> None:
    if header_bytes > MAX_HEADER_BYTES or body_bytes > MAX_BODY_BYTES:
        raise FrameTooLargeError(
            f"a frame of {header_bytes} + {body_bytes} bytes; at most {MAX_HEADER_BYTES} + {MAX_BODY_BYTES} are taken"
        )


class FrameDecoder:
    """Turns a stream of bytes into frames; does no I/O."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Take the next bytes of the stream and yield the frames that they complete.

        Raises:
            FrameTooLargeError: A length is beyond its limit; the stream is of no use any more.
            InvariantError: The header is not a JSON object.
        """
        self._buffer += chunk
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if len(self._buffer) < _LENGTHS.size:
            return None
        header_bytes, body_bytes = _LENGTHS.unpack_from(self._buffer)
        _check_lengths(header_bytes, body_bytes)
        body_at = _LENGTHS.size + header_bytes
        end = body_at + body_bytes
        if len(self._buffer) < end:
            return None
        header = _DECODER.decode(self._buffer[_LENGTHS.size : body_at].decode())
        if not isinstance(header, dict):
            raise InvariantError("the header of a frame is not a JSON object")
        frame = Frame(header, bytes(memoryview(self._buffer)[body_at:end]))
        del self._buffer[:end]
        return frame


class BlockingChannel:
    """Frames over a blocking socket; the worker's side.

    Args:
        connection: A connected stream socket.

    Attributes:
        descriptors: Files that came with frames and that nobody has taken yet, in order.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._decoder = FrameDecoder()
        self._ready: deque[Frame] = deque()
        self.descriptors: deque[int] = deque()

    def receive(self) -> Frame | None:
        """Return the next frame, or None when the peer has closed."""
        while not self._ready:
            chunk, descriptors, _, _ = socket.recv_fds(self._connection, _CHUNK_BYTES, _MOST_DESCRIPTORS)
            if not chunk:
                return None
            self.descriptors.extend(descriptors)
            self._ready.extend(self._decoder.feed(chunk))
        return self._ready.popleft()

    def send(self, frame: Frame) -> None:
        """Send a frame whole."""
        self._connection.sendall(encode_head(frame))
        if frame.body:
            self._connection.sendall(frame.body)


class AsyncChannel:
    """Frames over a socket, without ever blocking the event loop; the system's side.

    It waits with `anyio.wait_readable` rather than on an `anyio` socket stream, whose asyncio backend (4.16) can raise
    InvalidStateError in the loop when a stream is closed in the moment in which it becomes readable.

    Args:
        connection: A connected stream socket; the channel owns it.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._decoder = FrameDecoder()
        self._ready: deque[Frame] = deque()

    async def receive(self) -> Frame:
        """Return the next frame.

        Raises:
            anyio.EndOfStream, anyio.BrokenResourceError: The peer is gone.
            anyio.ClosedResourceError: The channel was closed.
        """
        while not self._ready:
            self._ready.extend(self._decoder.feed(await self._receive_chunk()))
        return self._ready.popleft()

    async def send(self, frame: Frame) -> None:
        """Send a frame whole; others get their turn between the pieces of a large one."""
        await self._send_bytes(encode_head(frame))
        await self._send_bytes(frame.body)

    async def send_with_descriptor(self, frame: Frame, descriptor: int) -> None:
        """Send a frame, and a file descriptor with it."""
        head = encode_head(frame)
        while True:
            try:
                sent = socket.send_fds(self._open_connection(), [head], [descriptor])
                break
            except BlockingIOError:
                await anyio.wait_writable(self._open_connection())
            except OSError as error:
                raise anyio.BrokenResourceError from error
        await self._send_bytes(head[sent:])
        await self._send_bytes(frame.body)

    def close(self) -> None:
        """Close the socket; whoever waits on it gets ClosedResourceError."""
        if self._connection.fileno() >= 0:
            anyio.notify_closing(self._connection)
            self._connection.close()

    async def _receive_chunk(self) -> bytes:
        has_waited = False
        while True:
            try:
                chunk = self._open_connection().recv(_CHUNK_BYTES)
            except BlockingIOError:
                await anyio.wait_readable(self._open_connection())
                has_waited = True
                continue
            except OSError as error:
                raise anyio.BrokenResourceError from error
            if not chunk:
                raise anyio.EndOfStream
            if not has_waited:  # a fast peer must not keep the loop for itself
                await anyio.lowlevel.checkpoint()
            return chunk

    async def _send_bytes(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            try:
                sent = self._open_connection().send(rest[:_CHUNK_BYTES])
            except BlockingIOError:
                await anyio.wait_writable(self._open_connection())
                continue
            except OSError as error:
                raise anyio.BrokenResourceError from error
            rest = rest[sent:]
            if rest:
                await anyio.lowlevel.checkpoint()

    def _open_connection(self) -> socket.socket:
        if self._connection.fileno() < 0:
            raise anyio.ClosedResourceError
        return self._connection
