"""The audit hook: everything that a reader does to the outside while it reads.

Python tells its audit hooks of every compilation, execution, import, file, process and socket (PEP 578), and a hook
cannot be removed. While an input is read, all events are misdeeds but the parser's own, and opening what the target
says may be opened.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

__all__ = ["Misdeed", "Opens", "Watch", "nothing"]

PARSER_FILE = "/dev/null/eigen-lang"
"""The name that the compiler gives to Python's parser; no file can have it."""

Misdeed = tuple[str, str]
"""Kind of event, and what it was."""

Opens = Callable[[object, int], bool]
"""Whether a path (or descriptor) may be opened with these flags."""

_KINDS = {
    "process": (
        "os.system", "os.fork", "os.exec", "os.spawn", "os.posix_spawn", "os.kill", "pty.", "subprocess.", "socket.",
        "ctypes.",
    ),
    "execution": ("exec", "compile", "code.", "function.", "marshal.", "pickle."),
    "import": ("import",),
    "file": ("open", "os.", "shutil.", "glob.", "pathlib.", "tempfile."),
}  # fmt: skip


_HARMLESS = frozenset({"builtins.id"})


def nothing(_path: object, _flags: int) -> bool:
    """Allow no file at all."""
    return False


class Watch:
    """Notes misdeeds between `with watch:` and its end.

    Attributes:
        misdeeds: Noted since the last `with`.
        parses: How often Python's parser was called, over all.
    """

    def __init__(self) -> None:
        self.misdeeds: list[Misdeed] = []
        self.parses = 0
        self.may_open: Opens = nothing
        self._is_watching = False

    def install(self) -> None:
        """Watch this process from now on, until its end."""
        sys.addaudithook(self._hear)

    def __enter__(self) -> Watch:
        self.misdeeds = []
        self._is_watching = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_watching = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_watching or event in _HARMLESS:
            return
        if event == "compile" and arguments[1] == PARSER_FILE:
            self.parses += 1
        elif event != "open" or not self._is_allowed(arguments):
            kind = next((kind for kind, prefixes in _KINDS.items() if event.startswith(prefixes)), "event")
            self.misdeeds.append((kind, f"{event} {ascii(arguments)[:300]}"))

    def _is_allowed(self, arguments: tuple[Any, ...]) -> bool:
        path, _, flags = arguments
        return path == PARSER_FILE or self.may_open(path, flags)
