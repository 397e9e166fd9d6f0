"""The command line on a root of its own: `run` in this process, `start` as its users have it, in one of its own.

What a process does besides (signals, streams that close, terminals, the entrance) is for `start` and `command`; a test
that only asks what a command answers need not pay for an interpreter.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from eigen.cli.app import main

BELL = ["q = QubitRegister(2)", "h(q[0])", "cx(q[0], q[1])", "measure(q)"]
LONG = [
    "q = QubitRegister(20)",
    "for layer in range(700):",
    "    for i in range(20):",
    "        ry(q[i], 0.1 * i + layer)",
    "    for i in range(19):",
    "        cx(q[i], q[i + 1])",
    "measure(q)",
]


@dataclass(frozen=True)
class Shell:
    """A folder to work in, and `eigen` on a root beside it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
        return {**kept, "EIGEN_HOME": str(self.root), "COLUMNS": "120", **self.environment}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "eigen", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; one that detaches a process of its own leaves it behind, and needs one to leave."""
        return self._apart(*arguments) if "--detach" in arguments else self._here(*arguments)

    def _apart(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=240
        )

    def _here(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.chdir(self.folder)
            for name in os.environ.keys() - self.variables.keys():
                patch.delenv(name)
            for name, value in self.variables.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main(arguments)
        printed, said = (stream.buffer.getvalue().decode() for stream in (out, err))
        return subprocess.CompletedProcess(arguments, left.value.code, printed, said)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name

    def program(self, body: list[str] = BELL, *, name: str = "program.eigen.py", decorator: str = "") -> str:
        lines = [f"@hybrid_program{decorator}", "def main():", *(f"    {line}" for line in body)]
        return self.write(name, "\n".join(lines) + "\n")

    def job(self, body: list[str] = BELL, *, spec: str = "", name: str = "job.yaml", labels: str = "{}") -> str:
        program = "\n".join(f"        {line}" for line in body)
        return self.write(
            name,
            f"apiVersion: eigen.os/v0.1\nkind: QuantumJob\nmetadata:\n  name: bell\n  labels: {labels}\nspec:\n"
            f"  program: |\n    @hybrid_program\n    def main():\n{program}\n{spec}",
        )

    def submitted(self, process: subprocess.Popen[str]) -> str:
        """Return the id that a submission prints first."""
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Job submitted: job_id=job_"), line
        return line.rstrip().partition("=")[2]


@pytest.fixture(autouse=True)
def foreground() -> Iterator[None]:
    """Commands take Ctrl-C, also where the tests run in a shell's background: that ignores it, and hands this on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def done_shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A root on which one job is DONE; tests look at it and change nothing."""
    shell = Shell(tmp_path_factory.mktemp("done"))
    done = shell.run(
        "submit", "--job", shell.job(labels=r'{escape: "\x1b[31mred", plain: "[bold]x[/bold]"}'), "--seed", "7"
    )
    assert done.returncode == 0, done.stderr
    return shell


@pytest.fixture
def long_body() -> list[str]:
    """A program that runs for about half a minute, unless somebody stops it."""
    return LONG
