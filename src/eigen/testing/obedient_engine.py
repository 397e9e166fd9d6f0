"""An engine for worker processes that does whatever it is told, also to die: for tests of what must survive it.

The circuit is any text; `run` is told what to do by its arguments: `{"do": name, …}`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from eigen.contracts.errors import UnimplementedError
from eigen.workers.engine import Engine

__all__ = ["BrokenEngine", "ObedientEngine"]


class ObedientEngine(Engine):
    """Does what `arguments["do"]` names: a key of `deeds`."""

    def __init__(self) -> None:
        self._num_prepared = 0

    def prepare(self, content: bytes) -> str:
        """Return the text, and count."""
        self._num_prepared += 1
        return content.decode()

    def run(self, prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Do what is told."""
        deeds: dict[str, Callable[[str, Mapping[str, Any]], Iterator[Mapping[str, Any]]]] = {
            "echo": self._echo,
            "parts": _parts,
            "spin": _spin,
            "die": _die,
            "exit": _exit,
            "raise": _raise,
            "refuse": _refuse,
            "allocate": _allocate,
            "print": _print,
        }
        yield from deeds[arguments["do"]](prepared, arguments)

    def _echo(self, prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield {"text": prepared, "pid": os.getpid(), "num_prepared": self._num_prepared, "session": os.getsid(0)}


class BrokenEngine(ObedientEngine):
    """An engine whose SDK cannot be imported."""

    @classmethod
    def preload(cls) -> None:
        """Fail as a missing shared library does."""
        raise ImportError("libquantum.so.1: cannot open shared object file")


def _parts(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Answer in many parts of `size` characters."""
    for number in range(arguments["number"]):
        yield {"number": number, "filler": "x" * arguments["size"]}


def _spin(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Tell that it has begun, then hold the interpreter for ever."""
    yield {"pid": os.getpid()}
    yield {}
    while True:
        pass


def _die(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Die by a signal, with some memory in use."""
    yield from ()
    held = b"x" * arguments.get("bytes", 0)
    print(f"last words, {len(held)} bytes", file=sys.stderr, flush=True)  # noqa: T201  # as a library before it crashes
    os.kill(os.getpid(), arguments["signal"])


def _exit(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """End the process as a library's `exit()` does."""
    yield from ()
    os._exit(arguments["code"])


def _raise(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Raise what no `except Exception` catches."""
    yield from ()
    raise BaseException("panicked at /home/somebody/secret.rs")  # noqa: TRY002  # as PyO3's PanicException


def _refuse(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Raise an error of the tree."""
    yield from ()
    raise UnimplementedError("no such gate", reason="NO_GATE", hint="use another")


def _allocate(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Take memory, and touch it."""
    yield {"length": len(bytearray(arguments["bytes"]))}


def _print(prepared: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Write more to the standard streams than any pipe holds."""
    for _ in range(arguments["lines"]):
        print("noise" * 20)  # noqa: T201  # as a parser does that prints to file descriptor 1
    sys.stdout.flush()
    yield {"printed": arguments["lines"], "read": sys.stdin.read() if sys.stdin else ""}
