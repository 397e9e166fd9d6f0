"""Every step of a system that lives: what it asks of the operating system and of SQLite, and every call within itself.

The product holds no failpoints. Python's profiler tells of every call and return: of C functions (`open`, `write`,
`fsync`, `link`, `rename`, `flock`, SQLite's `execute`, sockets) and of the functions of the kernel, the stores,
CircuitFS and the workers' pool. So each of them has a step before it and one behind it, whoever changes the code, and a
process can be made to kill itself there, by a real SIGKILL: nothing is flushed, nothing is unwound.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import eigen

__all__ = ["Stepper"]

_PACKAGE = os.path.dirname(eigen.__file__)  # noqa: PTH120  # compared with code objects' names, which are text
_WATCHED = ("/kernel/", "/qfs/", "/workers/pool", "/workers/nursery_client", "/drivers/manager", "/api/service")
_CALLS = frozenset(
    {
        "open", "write", "fsync", "fdatasync", "sync", "syncfs", "link", "rename", "replace", "mkdir", "unlink",
        "rmdir", "close", "flock", "scandir", "posix_fadvise",
        "Connection.execute", "Connection.executemany", "Connection.executescript", "Connection.close",
        "socket.send", "socket.recv", "socket.sendmsg", "socketpair", "fork_exec",
    }
)  # fmt: skip
_SIDES = {"call": ">", "c_call": ">", "return": "<", "c_return": "<", "c_exception": "<"}
_HEAD = struct.Struct("=Q")


class Stepper:
    """Counts the steps of a child, and ends it at one of them; made in the parent, started in the child.

    Args:
        fatal: Number of the step at which the child kills itself, from 1; 0 for none.
        keeps_names: Whether the names of all steps are kept, for a life whose steps are to be known.
    """

    def __init__(self, fatal: int = 0, *, keeps_names: bool = False) -> None:
        self._fatal = fatal
        self._keeps_names = keeps_names
        self._count = 0
        self._names: list[str] = []
        self._seen = mmap.mmap(-1, 512)

    def start(self) -> None:
        """Begin to count, in every thread from here on."""
        on_event = self._listener()
        threading.setprofile(on_event)
        sys.setprofile(on_event)

    def step(self, name: str) -> None:
        """Take a step; a client names its own ones so."""
        self._count += 1
        if self._keeps_names:
            self._names.append(name)
        if self._count == self._fatal:
            self._seen[:] = (_HEAD.pack(self._count) + name.encode()).ljust(512, b"\0")
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def names(self) -> list[str]:
        """The steps taken, in order, where they are kept."""
        return self._names

    @property
    def last_name(self) -> str:
        """The step at which the child killed itself, as its parent sees it; empty if it did not come that far."""
        return bytes(self._seen[_HEAD.size :]).rstrip(b"\0").decode()

    def _listener(self) -> Callable[[FrameType, str, Any], None]:
        """Return what the profiler calls, at every call and return of the whole process: so it has to be quick."""
        known: dict[CodeType, str] = {}
        step, sides, calls = self.step, _SIDES, _CALLS

        def on_event(frame: FrameType, event: str, argument: Any) -> None:
            if event == "call" or event == "return":  # quicker than a set
                name = known.get(frame.f_code)
                if name is None:
                    name = known[frame.f_code] = _name_of(frame.f_code)
                if name:
                    step(sides[event] + name)
            elif argument.__qualname__ in calls:
                step(sides[event] + argument.__qualname__)

        return on_event


def _name_of(code: CodeType) -> str:
    """Return the name of a function whose calls are steps, empty for any other."""
    path = code.co_filename
    is_watched = path.startswith(_PACKAGE) and any(part in path for part in _WATCHED)
    return f"{path[len(_PACKAGE) + 1 : -3]}:{code.co_qualname}" if is_watched else ""
