"""The command line on a terminal: progress, tables, colours, Ctrl-C by key."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
from dataclasses import dataclass

import anyio
import pytest

import eigen
from eigen.client.packaging import package

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes stdin the terminal of the session, so that its keys send signals."""

COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|38;5;\d+)m")


@dataclass
class Terminal:
    """A command on a pseudo-terminal, which is stdin, stdout and stderr of it."""

    process: subprocess.Popen[bytes]
    screen: int
    seen: str = ""

    def read_until(self, text: str) -> str:
        while text not in self.seen:
            assert self._read(), f"{text!r} never came: {self.seen[-2000:]}"
        return self.seen

    def press(self, key: bytes) -> None:
        os.write(self.screen, key)

    def end(self) -> tuple[int, str]:
        while self._read():
            pass
        return self.process.wait(), self.seen

    def _read(self) -> bool:
        ready, _, _ = select.select([self.screen], [], [], 60)
        assert ready, f"nothing came for a minute: {self.seen[-2000:]}"
        try:
            read = os.read(self.screen, 65536)
        except OSError:  # Linux says so when the last writer has gone
            return False
        self.seen += read.decode()
        return bool(read)


@pytest.fixture
def terminal(shell):
    started: list[Terminal] = []

    def start(*arguments: str, **variables: str) -> Terminal:
        screen, line = os.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *shell.command(*arguments)],
            cwd=shell.folder,
            env={**shell.variables, "TERM": "xterm-256color", **variables},
            stdin=line,
            stdout=line,
            stderr=line,
            start_new_session=True,
        )
        os.close(line)
        started.append(Terminal(process, screen))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        os.close(one.screen)


def test_progress_is_shown_and_goes_when_the_job_has_ended(shell, terminal):
    code, seen = terminal("run", shell.program(), "--seed", "1").end()
    assert code == 0
    assert "\x1b[?25l" in seen  # the cursor is hidden for as long as the progress moves
    assert "\x1b[?25h" in seen
    progress = ESCAPE.sub("", seen.partition("\x1b[?25l")[2].partition("\x1b[?25h")[0])
    assert re.search(r"job_\w+", progress)  # which states are drawn depends on how long each lasts
    results = ESCAPE.sub("", seen.rpartition("\x1b[?25h")[2])
    assert re.search(r"^ ?job_\w+ is DONE after", results.replace("\r", "\n"), re.MULTILINE)
    assert re.search(r"outcome +count +share", results)


def test_no_watch_shows_no_progress(shell, terminal):
    code, seen = terminal("submit", "--job", shell.job(), "--no-watch").end()
    assert code == 0
    assert "\x1b[?25l" not in seen
    assert "COMPILING" not in seen


def test_ctrl_c_by_key_cancels_the_job(shell, terminal, long_body):
    running = terminal("submit", "--job", shell.job(long_body))
    running.read_until("RUNNING")
    running.press(b"\x03")
    code, seen = running.end()
    assert code == 130
    assert "cancelling; press Ctrl-C again to leave at once" in seen
    assert " is CANCELLED after " in seen
    assert "Traceback" not in seen
    assert shell.json("status", "@last")["state"] == "CANCELLED"


def test_colours_are_for_terminals_and_respect_no_color(shell, terminal):
    job = shell.job(["hh(0)"], labels=r'{escape: "\x1b]0;title\x07"}')
    assert shell.run("submit", "--job", job).returncode == 2
    for command in (["status", "@last"], ["jobs"], ["check", job]):
        coloured, plain = (terminal(*command, **variables).end()[1] for variables in ({}, {"NO_COLOR": "1"}))
        assert COLOUR.search(coloured)
        assert not COLOUR.search(plain)
        assert ESCAPE.sub("", coloured) == ESCAPE.sub("", plain)
        assert "\x1b]0;" not in coloured


def test_a_stored_file_cannot_move_the_cursor(shell, terminal):
    program = shell.write("odd.eigen.py", "@hybrid_program(shots=1)\ndef main():\n    h(0)  # \u202e é\n")
    shell.run("submit", "--job", program)
    code, seen = terminal("artifacts", "cat", "@last", "program.eigen.py").end()
    assert code == 0
    assert r"# \u202e é" in seen
    assert "\u202e" not in seen


def test_json_is_indented_for_people(shell, terminal):
    code, seen = terminal("version", "--json").end()
    assert code == 0
    assert seen.startswith('{\r\n  "eigen": ')


@pytest.mark.parametrize(("key", "state"), [(b"y\n", "CANCELLED"), (b"n\n", "PENDING"), (b"\x03", "PENDING")], ids=str)
def test_cancelling_what_a_filter_finds_is_asked_for_first(shell, terminal, key, state):
    async def submit() -> None:
        async with eigen.open_system(shell.root, adopts=False, works=False) as system:
            await system.api.submit_job(package("@hybrid_program\ndef main():\n    h(0)\n").request)

    anyio.run(submit)
    asking = terminal("cancel", "--all")
    assert "PENDING" in asking.read_until("cancel 1 job?")
    asking.press(key)
    code, seen = asking.end()
    assert code == (130 if key == b"\x03" else 0)
    assert "Traceback" not in seen
    assert shell.json("status", "@last")["state"] == state
