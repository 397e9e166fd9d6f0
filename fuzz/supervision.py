"""A worker process seen from outside: started, asked, and its end explained.

What ends a worker is told apart by its exit: the timer's signal is a hang of an input, any other signal or code is a
crash. A worker that uses no processor time and does not answer is a stall, and is killed.
"""

from __future__ import annotations

import json
import mmap
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from fuzz.corpus import ROOT
from fuzz.worker import IDLE

__all__ = ["Child", "Ended", "Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an input may take.

    Attributes:
        slow_sec: Processor time above which an input is a finding.
        hang_sec: Processor time after which its process is ended.
        stall_sec: Time on the wall without progress after which its process is ended.
        memory_bytes: Resident memory above the worker's own after its start.
        address_bytes: Address space of a worker.
    """

    slow_sec: float = 1.0
    hang_sec: float = 20.0
    stall_sec: float = 120.0
    memory_bytes: int = 200 * 1024 * 1024
    address_bytes: int = 2 * 1024 * 1024 * 1024


_START_SEC = 600.0  # a worker that reads nothing is starting, on a machine that may be busy


class Ended(Exception):  # noqa: N818  # it says what happened to a process, and is caught by who asked it
    """The worker has ended while it read an input.

    Attributes:
        kind: `hang`, `stall` or `crash`.
        number: The input that it was reading, or `IDLE`.
        story: What is known.
    """

    def __init__(self, kind: str, number: int, story: str) -> None:
        super().__init__(f"{kind} at input {number}: {story}")
        self.kind = kind
        self.number = number
        self.story = story


class Child:
    """A worker process, started anew whenever it has ended.

    Args:
        settings: What its inputs may take.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()
        self._answers = b""

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a command.

        Raises:
            Ended: The worker has ended instead.
        """
        process = self._started()
        assert process.stdin is not None  # it is a pipe
        try:
            process.stdin.write(json.dumps(command).encode() + b"\n")
            process.stdin.flush()
            line = self._next_line(process)
        except BrokenPipeError:
            line = b""
        if line:
            answer: dict[str, Any] = json.loads(line)
            if answer["is_spent"]:
                self._end()
            return answer
        raise self._ended(process)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._folder = Path(tempfile.mkdtemp(prefix="eigen-fuzz-"))
        (self._folder / "scratch").mkdir()
        (self._folder / "number").write_bytes(struct.pack("<q", IDLE))
        given = asdict(self._settings) | {
            "scratch": str(self._folder / "scratch"),
            "number_file": str(self._folder / "number"),
        }
        with (self._folder / "errors").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fuzz.worker", json.dumps(given)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
            )
        return self._process

    def _next_line(self, process: subprocess.Popen[bytes]) -> bytes:
        """Return the next answer, or nothing where the process ended or made no progress."""
        assert process.stdout is not None  # it is a pipe
        last, since = self._progress(), time.monotonic()
        while b"\n" not in self._answers:
            if select.select([process.stdout], [], [], 0.5)[0]:
                part = os.read(process.stdout.fileno(), 1 << 20)
                if not part:
                    return b""
                self._answers += part
            if self._progress() != last:
                last, since = self._progress(), time.monotonic()
            elif time.monotonic() - since > (_START_SEC if last == IDLE else self._settings.stall_sec):
                return b""
        line, _, self._answers = self._answers.partition(b"\n")
        return line

    def _progress(self) -> int:
        with (self._folder / "number").open("rb") as file, mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as held:
            number: int = struct.unpack("<q", held[:8])[0]
        return number

    def _ended(self, process: subprocess.Popen[bytes]) -> Ended:
        number = self._progress()
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            ended = Ended("stall", number, f"nothing happened for {self._settings.stall_sec:g} s")
        else:
            kind = "hang" if code == -signal.SIGPROF else "crash"
            story = f"took {self._settings.hang_sec:g} s of processor time" if kind == "hang" else self._death(code)
            ended = Ended(kind, number, story)
        self._end()
        return ended

    def _death(self, code: int) -> str:
        errors = (self._folder / "errors").read_text(errors="replace")[-2000:]
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"the process ended with {how}\n{errors}"

    def _end(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process, self._answers = None, b""
        shutil.rmtree(self._folder, ignore_errors=True)
