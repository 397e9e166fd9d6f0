"""What mutations begin with: examples, the compiler's golden programs, every known attack; and words to splice in."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from pathlib import Path

import eigen.compiler.symbols as symbols
from eigen.compiler.pipeline import compile_source
from eigen.contracts.aqo_json import decode
from eigen.contracts.compilation import CompileRequest
from eigen.formats.openqasm_export import to_openqasm3
from eigen.jobfile.loader import load_job

__all__ = ["ROOT", "WORDS", "Corpus", "read_corpus"]

ROOT = Path(__file__).resolve().parent.parent
"""The repository."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts to begin with, in an order that does not depend on the machine.

    Attributes:
        programs: Eigen-Lang.
        jobs: Job files.
        circuits: AQO documents.
        openqasm: OpenQASM programs.
    """

    programs: tuple[bytes, ...]
    jobs: tuple[bytes, ...]
    circuits: tuple[bytes, ...]
    openqasm: tuple[bytes, ...]


def read_corpus() -> Corpus:
    """Return the corpus of this repository."""
    jobs = sorted(ROOT.glob("examples/*/job.yaml"))
    compiled = tuple(_compiled(path) for path in jobs)
    return Corpus(
        programs=(
            *_RIGHT_ONES * _texts("examples/*/*.eigen.py"),
            *_texts("tests/compiler/golden/*.eigen.py", "tests/compiler/attacks/*.eigen.py"),
        ),
        jobs=(*_texts("examples/*/job.yaml"), *_texts("tests/jobfile/attacks/*.job.yaml")),
        circuits=(*_texts("tests/contracts/attacks/*.aqo.json"), *compiled),
        openqasm=(*_texts("tests/compiler/openqasm/attacks/*.qasm"), *map(_exported, compiled)),
    )


_RIGHT_ONES = 15  # there are so many more faulty programs, whose mutants end in an early pass


def _texts(*patterns: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def _compiled(path: Path) -> bytes:
    job = load_job(path)
    return compile_source(CompileRequest(source=job.source, inputs=job.spec.spec.inputs)).aqo_json


def _exported(circuit: bytes) -> bytes:
    return to_openqasm3(decode(circuit, require_measurement=False)).encode()


_NUMBERS = (
    b"0", b"1", b"-1", b"2", b"255", b"10**12", b"9**9**9", b"1<<4095", b"1e308", b"1e999", b"-0.0",
    b"0x7fffffffffffffff", b"18446744073709551616",
    b"1_0", b"0b2", b"1j", b"9" * 4400, b"1e-320", b"1.", b".5", b"00",
)  # fmt: skip
_MARKS = (
    b"(", b")", b"[", b"]", b"{", b"}", b'"', b"'", b'"""', b"\\", b"\n", b"\r\n", b"\t", b"    ", b"\x00", b"\x0c",
    b"\x1b[2J", b"#", b"@", b":=", b"**", b"->",
    b"...", b";", b",", b"=", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf", "é".encode(),
    "\u0301".encode() * 50, "\u202e".encode(),
    "ｅｘｅｃ".encode(), "ſ".encode(), "\u2028".encode(), "\u200b".encode(), b"# coding: rot13\n",
    b"\\N{BULLET}", b"\\x", b"f'{1}'", b"(" * 60, b"[" * 300,
    b"-" * 60, b"not " * 60, b"a." * 20, b"lambda: " * 20, b"1 if 1 else " * 20, b"0+" * 1100, b"<<: *a", b"&a ",
    b"*a", b"!!python/object:os.system ",
    b"? ", b"- " * 20, b"|\n", b">\n", b"%YAML 1.2\n---\n", b"{a: " * 20, b'"\\ud800"', b'{"a":1,"a":2}', b"NaN",
    b"Infinity", b"null", b"[[[[[[[[[[[[[[[[[[",
)  # fmt: skip
_NAMES = (
    "__import__", "__class__", "eval", "exec", "open", "getattr", "print", "os", "sys", "main", "math", "size",
    "self", "apiVersion", "spec",
    "program", "program_path", "shots", "inputs", "metadata", "name", "op", "params", "operations", "qubits",
    "clbits", "version", "../x", "/etc/passwd",
)  # fmt: skip

WORDS: tuple[bytes, ...] = (
    *_NUMBERS,
    *_MARKS,
    *(word.encode() for word in _NAMES),
    *(word.encode() + b" " for word in keyword.kwlist),
    *(word.encode() for word in sorted({*symbols.LANGUAGE_NAMES, *symbols.BUILTINS, *symbols.MATH_FUNCTIONS})),
)
"""What is spliced into texts: marks, names and numbers that readers stumble over."""
