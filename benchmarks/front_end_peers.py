"""Equal circuits in the languages of other front ends, and how each is run. Used by `front_end.py`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["PEERS", "Circuit"]

NUM_QUBITS = 20


class Circuit(NamedTuple):
    """Gates in turn on `NUM_QUBITS` qubits: h, rz by an angle of its own, cx with the next qubit."""

    gates: tuple[tuple[str, tuple[int, ...], float | None], ...]

    @classmethod
    def of(cls, num_gates: int) -> Circuit:
        """Return the circuit of so many gates; a shorter one is the beginning of a longer one."""
        rows = []
        for index in range(num_gates):
            layer, kind = divmod(index, 3)
            here, there = layer % NUM_QUBITS, (layer + 1) % NUM_QUBITS
            rows.append((("h", (here,), None), ("rz", (here,), layer / 1024 + 0.1), ("cx", (here, there), None))[kind])
        return cls(tuple(rows))

    def as_eigen_lang(self) -> str:
        """Return it as a program of one statement a gate."""
        return self._written(
            f"@hybrid_program\ndef main():\n    q = QubitRegister({NUM_QUBITS})\n",
            lambda name, qubits, angle: f"    {name}({', '.join([*qubits, *angle])})\n",
        )

    def as_openqasm(self, head: str) -> str:
        """Return it as OpenQASM 2 or 3, which differ in the head only."""
        return self._written(
            head, lambda name, qubits, angle: f"{name}{f'({angle[0]})' if angle else ''} {', '.join(qubits)};\n"
        )

    def as_bloqade(self) -> str:
        """Return it as a kernel of bloqade's `qasm2` dialect, built on kirin."""
        return self._written(
            f"from bloqade import qasm2\n\n@qasm2.extended\ndef main():\n    q = qasm2.qreg({NUM_QUBITS})\n",
            lambda name, qubits, angle: f"    qasm2.{name}({', '.join([*qubits, *angle])})\n",
        )

    def as_guppy(self) -> str:
        """Return it as a guppy function; its qubits are variables, for those are what guppy tracks."""
        head = "from guppylang import guppy\nfrom guppylang.std.angles import angle\n"
        head += "from guppylang.std.quantum import cx, discard, h, qubit, rz\n\n@guppy\ndef main() -> None:\n"
        head += "".join(f"    q{index} = qubit()\n" for index in range(NUM_QUBITS))
        body = "".join(
            f"    {name}({', '.join([f'q{one}' for one in qubits] + ([f'angle({angle!r})'] if angle else []))})\n"
            for name, qubits, angle in self.gates
        )
        return head + body + "".join(f"    discard(q{index})\n" for index in range(NUM_QUBITS))

    def _written(self, head: str, line: Callable[[str, list[str], list[str]], str]) -> str:
        return head + "".join(
            line(name, [f"q[{one}]" for one in qubits], [] if angle is None else [repr(angle)])
            for name, qubits, angle in self.gates
        )


def openqasm2(num_gates: int, _folder: Path) -> Callable[[], object]:
    """Return a run of Qiskit's OpenQASM 2 parser, in Rust."""
    loads = importlib.import_module("qiskit.qasm2").loads
    head = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{NUM_QUBITS}];\n'
    text = Circuit.of(num_gates).as_openqasm(head)
    return lambda: loads(text)


def openqasm3(num_gates: int, _folder: Path, *, name: str = "loads") -> Callable[[], object]:
    """Return a run of Qiskit's OpenQASM 3 importer: the one on ANTLR, or the experimental one in Rust."""
    if name == "loads":
        importlib.import_module("qiskit_qasm3_import")
    loads = getattr(importlib.import_module("qiskit.qasm3"), name)
    head = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[{NUM_QUBITS}] q;\n'
    text = Circuit.of(num_gates).as_openqasm(head)
    return lambda: loads(text)


def bloqade(num_gates: int, folder: Path) -> Callable[[], object]:
    """Return an import of a bloqade kernel, which lowers it to kirin's representation."""
    importlib.import_module("bloqade.qasm2")
    return fresh_imports(Circuit.of(num_gates).as_bloqade(), folder, "bloqade_kernel")


def guppy(num_gates: int, folder: Path) -> Callable[[], object]:
    """Return an import and compilation of a guppy function."""
    importlib.import_module("guppylang.std.quantum")
    load = fresh_imports(Circuit.of(num_gates).as_guppy(), folder, "guppy_function")
    return lambda: load().main.compile()


def fresh_imports(source: str, folder: Path, stem: str) -> Callable[[], Any]:
    """Return a run that imports the source as a new module: both front ends read the files that functions stand in."""
    numbers = count()

    def load() -> Any:
        path = folder / f"{stem}_{next(numbers)}.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return module

    return load


PEERS: dict[str, tuple[int, Callable[[int, Path], Callable[[], object]]]] = {
    "qiskit.qasm2.loads": (10_000, openqasm2),
    "qiskit.qasm3.loads": (2_000, openqasm3),
    "qiskit.qasm3.loads_experimental": (
        10_000,
        lambda size, folder: openqasm3(size, folder, name="loads_experimental"),
    ),
    "bloqade (kirin), extended kernel": (1_000, bloqade),
    "guppylang, compile()": (300, guppy),
}
"""Other front ends; the slow ones get the beginning of the circuit."""
