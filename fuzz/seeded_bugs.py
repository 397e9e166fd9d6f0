"""Bugs put into entry points on purpose: a harness that does not find them all proves nothing.

Each is called with an input before the entry point is, and misbehaves if the input holds `TRIGGER`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from eigen.contracts.errors import InternalError, InvalidArgumentError

__all__ = ["BUGS", "EXPECTED", "TRIGGER"]

TRIGGER = b"cx("
"""What an input must hold to meet the bug; a reduced finding holds little else."""


def _evaluate(_content: bytes) -> None:
    eval("1 + 1")


def _compile_code(_content: bytes) -> None:
    compile("1 + 1", "program.eigen.py", "eval")


def _run_parsed_code(_content: bytes) -> None:
    exec(compile("a = 1", "/dev/null/eigen-lang", "exec"), {})


def _open_file(_content: bytes) -> None:
    open("/dev/null").close()  # noqa: PTH123  # as a careless reader would


def _list_folder(_content: bytes) -> None:
    os.listdir("/")  # noqa: PTH208  # as above


def _import(_content: bytes) -> None:
    sys.modules.pop("this_or_that", None)
    try:
        __import__("this_or_that")
    except ImportError:
        return


def _start_process(_content: bytes) -> None:
    subprocess.run(["true"], check=False)


def _connect(_content: bytes) -> None:
    socket.socket().close()


def _raise(_content: bytes) -> None:
    raise ValueError("a plain error")


def _overflow_stack(content: bytes) -> None:
    _overflow_stack(content)


def _leave(_content: bytes) -> None:
    raise SystemExit(0)


def _raise_internal(_content: bytes) -> None:
    raise InternalError("a defect that passes for an answer")


def _raise_unplaced(_content: bytes) -> None:
    raise InvalidArgumentError("something is wrong somewhere", reason="EL0101")


def _hang(_content: bytes) -> None:
    while True:
        pass


def _sleep(_content: bytes) -> None:
    time.sleep(3600)


def _dawdle(_content: bytes) -> None:
    end = time.thread_time() + 0.6
    while time.thread_time() < end:
        pass


def _eat_memory(_content: bytes) -> None:
    bytearray(250 * 1024 * 1024)[::4096] = b"x" * (250 * 256)


def _eat_all_memory(_content: bytes) -> None:
    bytearray(1 << 40)


def _crash(_content: bytes) -> None:
    os.abort()


_SEEDED: Mapping[str, tuple[Callable[[bytes], None], str]] = MappingProxyType(
    {
        "evaluates": (_evaluate, "execution"),
        "compiles to code": (_compile_code, "execution"),
        "runs what it parsed": (_run_parsed_code, "execution"),
        "opens a file": (_open_file, "file"),
        "lists a folder": (_list_folder, "file"),
        "imports": (_import, "import"),
        "starts a process": (_start_process, "process"),
        "opens a socket": (_connect, "process"),
        "raises ValueError": (_raise, "unhandled"),
        "overflows the stack": (_overflow_stack, "unhandled"),
        "leaves": (_leave, "unhandled"),
        "passes a defect on": (_raise_internal, "unhandled"),
        "names no place": (_raise_unplaced, "unplaced"),
        "hangs": (_hang, "hang"),
        "sleeps": (_sleep, "stall"),
        "dawdles": (_dawdle, "slow"),
        "eats memory": (_eat_memory, "memory"),
        "eats all memory": (_eat_all_memory, "unhandled"),
        "ends the interpreter": (_crash, "crash"),
    }
)


def _on_trigger(bug: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def triggered(content: bytes) -> None:
        if TRIGGER in content:
            bug(content)

    return triggered


BUGS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {name: _on_trigger(bug) for name, (bug, _) in _SEEDED.items()}
)
"""Every seeded bug by its name."""

EXPECTED: Mapping[str, str] = MappingProxyType({name: kind for name, (_, kind) in _SEEDED.items()})
"""The kind of finding that each must give."""
