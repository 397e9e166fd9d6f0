"""Hostile words on the command line: exit code 2, a message that a screen can show, nothing made or read elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eigen.cli.app import main

PROGRAM = "@hybrid_program\ndef main(n: int = 1, theta: Param = 0.5):\n    rx(0, theta * n)\n    measure(0)\n"
ESCAPES = "\x1b[2J\x1b]0;owned\x07"

WORDS = {
    # what is tried: the words
    "a reference with a path": ["status", "../../etc/passwd"],
    "a reference of escapes": ["status", ESCAPES],
    "a reference that turns the text": ["results", "job_\u202e1"],
    "a reference of a megabyte": ["cancel", "a" * 1_000_000],
    "a reference of other digits": ["status", "job_" + "\u0660" * 26],
    "a reference that is no UTF-8": ["status", "\udcff\udcfe"],
    "a reference that is nothing": ["status", ""],
    "a reference of a pattern": ["status", "%"],
    "a reference of a query": ["status", "' OR 1=1 --"],
    "an option as a reference": ["status", "--job_id"],
    "an artifact with a path": ["artifacts", "cat", "@last", "../../../etc/passwd"],
    "an artifact of the store": ["artifacts", "cat", "@last", "meta.json"],
    "an artifact that is nothing": ["artifacts", "cat", "@last", ""],
    "a folder as a program": ["run", "."],
    "a device as a program": ["run", "/dev/zero"],
    "a pipe as a program": ["check", "pipe.eigen.py"],
    "a secret as a program": ["check", "secret.yaml"],
    "a link out as a job's program": ["check", "linked.job.yaml"],
    "a file named as an option": ["run", "--", "--shots"],
    "a name of escapes": ["submit", "--job", "program.eigen.py", "--name", ESCAPES],
    "a name with a path": ["submit", "--job", "program.eigen.py", "--name", "../a"],
    "a target with a command": ["run", "program.eigen.py", "--target", "sim:local; touch owned"],
    "a target of escapes": ["run", "program.eigen.py", "--target", ESCAPES],
    "shots beyond all": ["run", "program.eigen.py", "--shots", "9" * 400],
    "shots of an exponent": ["run", "program.eigen.py", "--shots", "1e3"],
    "shots of other digits": ["run", "program.eigen.py", "--shots", "\uff11\u0660\u0660\u0660\u0660\u0660\u0660\u0660"],
    "an infinite input": ["check", "program.eigen.py", "--input", "theta=1e999"],
    "an input that is no number": ["check", "program.eigen.py", "--input", "theta=NaN"],
    "an input of brackets": ["check", "program.eigen.py", "--input", "n=" + "[" * 100_000],
    "an input nested deep": ["check", "program.eigen.py", "--input", "n=" + "[" * 500 + "]" * 500],
    "an input of very many digits": ["check", "program.eigen.py", "--input", "n=" + "9" * 100_000],
    "an input with half a pair": ["check", "program.eigen.py", "--input", 'n="\\ud800"'],
    "an input of escapes": ["check", "program.eigen.py", "--input", f"{ESCAPES}=1"],
    "an input of a dunder": ["check", "program.eigen.py", "--input", "__class__=1"],
    "a time of years": ["jobs", "--since", "999999w"],
    "a time before time": ["jobs", "--since", "0001-01-01T00:00+23:59"],
    "a label of escapes": ["jobs", "--label", ESCAPES],
    "a form of code": ["compile", "--job", "program.eigen.py", "--emit", "__import__('os')"],
    "a command that is none": [ESCAPES],
    "a command of a megabyte": ["x" * 1_000_000],
}  # fmt: skip


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("what", WORDS)
def test_hostile_words_are_refused(
    what: str, as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "secret").write_text("sesame-secret: [")
    (folder / "program.eigen.py").write_text(PROGRAM)
    (folder / "secret.yaml").symlink_to("../secret")
    (folder / "link.eigen.py").symlink_to("../secret")
    head = "apiVersion: eigen.os/v0.1\nkind: QuantumJob\nmetadata: {name: a}\n"
    (folder / "linked.job.yaml").write_text(head + "spec: {program_path: link.eigen.py}\n")
    os.mkfifo(folder / "pipe.eigen.py")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("EIGEN_HOME", str(tmp_path / "root"))
    before = sorted(path.name for path in folder.iterdir())
    words = [*WORDS[what]]
    with pytest.raises(SystemExit) as caught:
        main([words[0], *(["--json"] if as_json and len(words) > 1 else []), *words[1:]])
    told = "".join(capsys.readouterr())  # what `check` finds is its result
    assert caught.value.code == 2, told[:500]
    assert 0 < len(told) < 20_000
    assert all(character.isprintable() or character == "\n" for character in told)
    assert "Traceback" not in told
    assert "sesame" not in told
    assert sorted(path.name for path in folder.iterdir()) == before
