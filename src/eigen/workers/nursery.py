"""The nursery: a process that imports an engine once and forks workers on request, each ready in a few milliseconds.

Run as `python -P -m eigen.workers.nursery CONTROL_FD ENGINE PARENT_PID`. Forking is safe here and nowhere else:
this process has one thread, and no parallel region has run in it. It is the workers' parent, so that only it can know
how they ended, and can kill one by its id without the risk of meeting another process there.

Requests: `{"do": "fork", "worker": id}` with the worker's end of a socketpair, `{"do": "kill", "worker": id}`, and the
same with `stop`, a SIGTERM. Notices: `{"ready": true}` or `{"failed": text}`, `{"forked": id, "pid": pid}`,
`{"exited": id, "signal": n, "code": n, "peak_bytes": n, "output": tail}`. When the control socket ends, all workers are
killed and the nursery ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from dataclasses import dataclass
from typing import Any

from eigen.contracts.printable import printable
from eigen.workers.confinement import (
    be_first_to_go,
    die_with_parent,
    forbid_core_dumps,
    redirect_standard_streams,
)
from eigen.workers.engine import Engine, load_engine
from eigen.workers.frames import BlockingChannel, Frame, FrameDecoder
from eigen.workers.worker import serve

__all__ = ["Nursery", "main"]

_OUTPUT_TAIL_BYTES = 4_096
_CONTROL, _CHILDREN = object(), object()
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGTERM}


@dataclass(slots=True)
class _Child:
    worker_id: int
    output: int
    tail: bytes = b""


class Nursery:
    """Forks, kills and reaps workers.

    Args:
        control: Socket to the system.
        engine: What the workers run.
    """

    def __init__(self, control: socket.socket, engine: type[Engine]) -> None:
        self._control = control
        self._engine = engine
        self._channel = BlockingChannel(control)
        self._decoder = FrameDecoder()
        self._descriptors: list[int] = []
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()

    def serve(self) -> None:
        """Work until the control socket ends; then no worker is left."""
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self._selector.register(self._control, selectors.EVENT_READ, _CONTROL)
        self._selector.register(self._wake_read, selectors.EVENT_READ, _CHILDREN)
        try:
            while self._serve_ready():
                pass
        finally:
            self._end_all()

    def _serve_ready(self) -> bool:
        for key, _ in self._selector.select():
            if key.data is _CONTROL:
                if not self._obey():
                    return False
            elif key.data is _CHILDREN:
                self._wake_read.recv(4_096)
                self._reap()
            elif self._selector.get_map().get(key.fd) is key:  # else its worker was buried a moment ago
                self._read_output(key.data)
        return True

    def _obey(self) -> bool:
        try:
            chunk, descriptors, _, _ = socket.recv_fds(self._control, 65_536, 16)
        except ConnectionResetError:  # the system was killed with a notice unread
            return False
        self._descriptors.extend(descriptors)
        for request in self._decoder.feed(chunk):
            if request.header["do"] == "fork":
                self._fork(request.header["worker"])
            else:
                self._signal(request.header["worker"], _SIGNALS[request.header["do"]])
        return bool(chunk)

    def _fork(self, worker_id: int) -> None:
        if not self._descriptors:  # the kernel drops those that this process has no room for
            self._tell_unborn(worker_id, "too many open files")
            return
        with socket.socket(fileno=self._descriptors.pop(0)) as connection:
            try:
                pid, output_read = self._forked(connection)
            except OSError as error:  # no more processes, files or memory: it is one worker less, and not all of them
                self._tell_unborn(worker_id, error.strerror or "")
                return
        self._children[pid] = child = _Child(worker_id, output_read)
        self._selector.register(output_read, selectors.EVENT_READ, child)
        self._tell({"forked": worker_id, "pid": pid})

    def _forked(self, connection: socket.socket) -> tuple[int, int]:
        """Return a new worker's process id, and where its output can be read."""
        nursery_pid = os.getpid()
        output_read, output_write = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(output_read)
            raise
        else:
            if pid == 0:
                self._be_worker(connection, output_write, nursery_pid)
        finally:
            os.close(output_write)
        os.set_blocking(output_read, False)
        return pid, output_read

    def _tell_unborn(self, worker_id: int, why: str) -> None:
        self._tell({"exited": worker_id, "signal": 0, "code": 1, "peak_bytes": 0, "output": f"not started: {why}"})

    def _be_worker(self, connection: socket.socket, output: int, nursery_pid: int) -> None:
        """Run in the child: never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(nursery_pid)
            self._let_go()
            redirect_standard_streams(output)
            be_first_to_go()
            serve(connection, self._engine())
            code = 0
        except BaseException:  # noqa: BLE001  # the child must not return into the nursery's code
            traceback.print_exc()  # to the pipe that the nursery keeps the tail of
        finally:
            os._exit(code)

    def _let_go(self) -> None:
        """Close the nursery's own descriptors in a worker, so that their ends can be seen by others."""
        self._selector.close()
        for descriptor in (self._control, self._wake_read, self._wake_write):
            descriptor.close()
        for descriptor_number in [*self._descriptors, *(child.output for child in self._children.values())]:
            os.close(descriptor_number)

    def _signal(self, worker_id: int, number: signal.Signals) -> None:
        for pid, child in self._children.items():
            if child.worker_id == worker_id:
                os.kill(pid, number)

    def _read_output(self, child: _Child) -> None:
        with contextlib.suppress(BlockingIOError):
            chunk = os.read(child.output, 65_536)
            child.tail = (child.tail + chunk)[-_OUTPUT_TAIL_BYTES:]
            if not chunk:
                self._selector.unregister(child.output)

    def _reap(self) -> None:
        while self._children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            self._bury(self._children.pop(pid), os.waitstatus_to_exitcode(status), usage.ru_maxrss)

    def _bury(self, child: _Child, exit_code: int, peak_kib: int) -> None:
        with contextlib.suppress(KeyError):
            self._read_output(child)
            self._selector.unregister(child.output)
        os.close(child.output)
        self._tell(
            {
                "exited": child.worker_id,
                "signal": max(-exit_code, 0),
                "code": max(exit_code, 0),
                "peak_bytes": peak_kib * (1 if sys.platform == "darwin" else 1024),
                "output": child.tail.decode("utf-8", "replace"),
            }
        )

    def _tell(self, notice: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._channel.send(Frame(notice))

    def _end_all(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)


def main(arguments: list[str]) -> int:
    """Import the engine, report, and serve."""
    control = socket.socket(fileno=int(arguments[0]))
    die_with_parent(int(arguments[2]))
    forbid_core_dumps()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    channel = BlockingChannel(control)
    try:
        engine = load_engine(arguments[1])
        engine.preload()
    except BaseException as error:  # noqa: BLE001  # whatever an SDK's import raises must reach the log
        channel.send(Frame({"failed": printable(f"{type(error).__name__}: {error}", limit=1_000)}))
        return 1
    if threading.active_count() > 1:
        channel.send(Frame({"failed": "importing the engine started threads; workers cannot be forked"}))
        return 1
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, every page that workers share
    channel.send(Frame({"ready": True}))
    Nursery(control, engine).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
