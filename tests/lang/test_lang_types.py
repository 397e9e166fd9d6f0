"""Type checkers accept the programs that the compiler accepts, and find mistakes in others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eigen.compiler.pipeline import compile_source
from eigen.contracts.compilation import CompileRequest, ProgramSource

pytest.importorskip("mypy", reason="mypy belongs to the group lint")

_EXAMPLES = Path(__file__).parents[2] / "examples"
_LOOP = """\
from eigen_lang import *

H = 0.5 * Z(0) * Z(1) - 1.2 * X(0) + 0.3

@hybrid_program(shots=100)
def main(theta: Param = 0.1):
    q = QubitRegister(2)
    ry(q[0], 2 * theta + 1)
    cx(q[0], q[1])
    spins = ExpectationValue("spins", sum([Z(one) for one in q]))
    half = ExpectationValue(observable=-Observable("0.18 XX - 1.05 II") / 2)
    result = minimize(ExpectationValue(H), [0.1], method="COBYLA", max_iters=50)
    return {"energy": result.fun, "at": result.x, "spins": spins, "half": half}
"""
_WRONG = """\
from eigen_lang import *

@hybrid_program
def main():
    rx("zero", 0.1)
    minimize(Z(0), [0.1])
"""


def _mypy(folder: Path, *programs: str) -> str:
    """Answer of mypy on programs in a folder, where `eigen_lang` is another name of `eigen.lang`."""
    (folder / "eigen_lang.pyi").write_text("from eigen.lang import *\n")
    command = [sys.executable, "-m", "mypy", "--check-untyped-defs", "--follow-imports=silent", "--config-file="]
    finished = subprocess.run(
        [*command, f"--cache-dir={folder / 'cache'}", *programs],
        cwd=folder, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    return finished.stdout + finished.stderr


def test_mypy_accepts_the_examples_and_a_loop(tmp_path: Path) -> None:
    compile_source(CompileRequest(source=ProgramSource(content=_LOOP.encode())))
    (tmp_path / "loop.py").write_text(_LOOP)
    (tmp_path / "wrong.py").write_text(_WRONG)
    names = ["loop.py"]
    for program in _EXAMPLES.glob("*/program.eigen.py"):
        names.append(f"{program.parent.name}.py")
        (tmp_path / names[-1]).write_text(program.read_text())
    told = _mypy(tmp_path, *names, "wrong.py").splitlines()
    assert [line.split(":")[:2] for line in told[:-1]] == [["wrong.py", "5"], ["wrong.py", "6"]]
