"""What is fuzzed: how inputs are made, the real entry point that reads each, and what its answer must keep to.

Limits: `mutants`, `grammar` and `jobs` compile under lower ones (100,000 steps, 10,000 operations), because an endless
loop takes the compiler seconds under its own; `full` has the compiler's own, on both kinds of programs.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eigen.compiler.pipeline import compile_source
from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import decode, encode
from eigen.contracts.compilation import CompiledProgram, CompileLimits, CompileRequest, Language, ProgramSource
from eigen.contracts.errors import (
    EigenError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnimplementedError,
)
from eigen.contracts.printable import printable
from eigen.jobfile.loader import read_job
from fuzz.corpus import WORDS, Corpus
from fuzz.documents import PROGRAM_NAME, draw_circuit, draw_job
from fuzz.mutation import mutate
from fuzz.openqasm import WORDS as QASM_WORDS
from fuzz.openqasm import draw_openqasm
from fuzz.programs import draw_program
from fuzz.watch import Opens, nothing
from fuzz.words import check_names, draw_arguments, draw_name, read_arguments, read_names

__all__ = ["SECRET", "TARGETS", "Target", "complaints", "lay_scene"]

LOW = CompileLimits(steps=100_000, operations=10_000)
"""Limits that keep endless programs short."""

SECRET = b"DO-NOT-READ-ME"
"""Stands in files that no job file may reach."""

_LARGE_BYTES = 200_000
_TYPED = (InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnimplementedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that reads what a user wrote.

    Attributes:
        weight: Its share of a run's inputs.
        draw: Makes an input.
        read: The entry point.
        check: Names what is untrue of an answer.
        placeless: Beginnings of reasons (and messages) that have no place, because they are about the whole input.
        may_open: What may be opened while it reads.
        patience: How many times as long as others its inputs may take.
    """

    weight: int
    draw: Callable[[random.Random, Corpus], bytes]
    read: Callable[[bytes], Any]
    check: Callable[[bytes, Any], Iterator[str]]
    placeless: tuple[str, ...] = ()
    may_open: Opens = nothing
    patience: float = 1.0


def complaints(target: Target, error: EigenError) -> Iterator[tuple[str, str]]:
    """Name what is wrong with a typed error: kind and story."""
    if not isinstance(error, _TYPED):
        yield "unhandled", f"{type(error).__name__} is not an error of the user's: {error}"
        return
    has_places = bool(error.diagnostics) and all(one.span or one.path for one in error.diagnostics)
    if not has_places and not f"{error.reason}: {error}".startswith(target.placeless):
        yield "unplaced", f"{error.reason} without a place: {error}"
    for text in _shown(error):
        if printable(text, limit=len(text), keep="\t") != text:
            yield "unprintable", f"{error.reason} shows {text!a}"
        if SECRET.decode() in text:
            yield "escape", f"{error.reason} shows a file from outside"


def _shown(error: EigenError) -> Iterator[str]:
    yield error.message
    yield error.hint
    for one in error.diagnostics:
        yield from (one.message, one.hint, one.path, one.label, *(note.message for note in one.notes))
        if one.span:
            yield one.span.text


_ARGUMENTS = re.compile(rb"def main\(([^)]{0,1000})\)")
_ONE_ARGUMENT = re.compile(rb"([A-Za-z]\w*)[ ]*(?::[ ]*(\w+)[ ]*)?(?:,|\Z)")
_INPUTS: Mapping[bytes, Any] = MappingProxyType(
    {b"Param": 0.25, b"float": 0.5, b"str": "101", b"list": [1], b"bool": True}
)


def _inputs(content: bytes) -> dict[str, Any]:
    """Give values to the arguments of `main` that have no default, so that mutants of the examples go on."""
    found = _ARGUMENTS.search(content)
    arguments = _ONE_ARGUMENT.findall(found[1]) if found else ()
    return {name.decode("ascii", "replace"): _INPUTS.get(kind, 3) for name, kind in arguments}


def _compile(content: bytes, limits: CompileLimits) -> CompiledProgram:
    source = ProgramSource(content=content)
    return compile_source(CompileRequest(source=source, inputs=_inputs(content), limits=limits))


def _check_compiled(_content: bytes, program: CompiledProgram) -> Iterator[str]:
    """Name why a compiled program is no AQO document, or not the canonical one."""
    if len(program.aqo_json) > _LARGE_BYTES:
        return
    try:
        circuit = decode(program.aqo_json, require_measurement=False)
    except EigenError as error:
        yield f"the compiled program is refused: {error}"
        return
    yield from _check_circuit(program.aqo_json, circuit)
    if encode(circuit) != program.aqo_json:
        yield "the compiled program is not canonical"


_QASM_INPUTS: Mapping[bytes, Any] = MappingProxyType({b"theta": 0.5, b"int n;": 3, b"flip": True})


def _read_openqasm(content: bytes) -> CompiledProgram:
    language = Language.OPENQASM2 if b"OPENQASM 2" in content else Language.OPENQASM3
    source = ProgramSource(content=content, filename="program.qasm", language=language)
    inputs = {
        name.split()[-1].strip(b";").decode(): value
        for name, value in _QASM_INPUTS.items()
        if b"input" in content and name in content
    }
    return compile_source(CompileRequest(source=source, inputs=inputs, limits=LOW))


def _check_circuit(_content: bytes, circuit: AQO) -> Iterator[str]:
    """Name why what was read is not the same once it is written and read again."""
    written = encode(circuit)
    try:
        again = decode(written, require_measurement=False)
    except EigenError as error:
        yield f"what was written is refused: {error}"
        return
    if encode(again) != written or again != circuit:
        yield "what was written reads as something else"


def _read_job(content: bytes) -> CompiledProgram:
    """Read a job file beside its program, and compile what it gives, as a submission does."""
    job = read_job(content, filename="job.yaml", folder=Path(_FOLDER))
    if SECRET in job.source.content:
        raise AssertionError("a job file has read a file from outside")
    body = job.spec.spec
    request = CompileRequest(source=job.source, entrypoint=body.entrypoint, inputs=body.inputs, limits=LOW)
    return compile_source(request)


_FOLDER = "job"


def lay_scene() -> None:
    """Make, in the working folder, a job's folder and what lies around it that must not be read."""
    folder = Path(_FOLDER)
    (folder / "folder").mkdir(parents=True)
    program = b"@hybrid_program\ndef main(n: int = 1, theta: Param = 0.5):\n    rx(0, theta * n)\n    measure(0)\n"
    for path in (folder / PROGRAM_NAME, folder / "folder" / PROGRAM_NAME):
        path.write_bytes(program)
    for path in (Path("secret.eigen.py"), Path(PROGRAM_NAME)):
        path.write_bytes(b"# " + SECRET + b"\n" + program + SECRET)
    (folder / "link.eigen.py").symlink_to("../secret.eigen.py")
    (folder / "linked").symlink_to("..")
    os.mkfifo(folder / "fifo.eigen.py")


def _may_open_beside(path: object, flags: int) -> bool:
    """Allow the job's folder, descriptors that are open already, and names in a folder where links are not followed."""
    if isinstance(path, int) or path == _FOLDER:
        return True
    is_name = isinstance(path, str) and "/" not in path and path not in {"", ".", ".."}
    return is_name and bool(flags & os.O_NOFOLLOW) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)


def _may_open_named(path: object, flags: int) -> bool:
    """Allow what a command line names in its folder, to be read."""
    is_named = isinstance(path, str) and path.startswith(f"{_FOLDER}/")
    return _may_open_beside(path, flags) or (is_named and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _either(chance: random.Random, corpus: Corpus) -> bytes:
    return draw_program(chance) if chance.randrange(2) else mutate(chance, corpus.programs, WORDS)


def _job(chance: random.Random, corpus: Corpus) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        return mutate(chance, corpus.jobs, WORDS)
    drawn = draw_job(chance)
    return mutate(chance, (drawn, corpus.jobs[0]), WORDS) if kind == 1 else drawn


def _openqasm(chance: random.Random, corpus: Corpus) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        return mutate(chance, corpus.openqasm, QASM_WORDS)
    drawn = draw_openqasm(chance)
    return mutate(chance, (drawn, corpus.openqasm[-1]), QASM_WORDS) if kind == 1 else drawn


def _name(chance: random.Random, _corpus: Corpus) -> bytes:
    drawn = draw_name(chance)
    return mutate(chance, (drawn, b"a"), WORDS) if chance.randrange(4) == 0 else drawn


def _arguments(chance: random.Random, _corpus: Corpus) -> bytes:
    drawn = draw_arguments(chance)
    return mutate(chance, (drawn, b"--input"), WORDS) if chance.randrange(4) == 0 else drawn


def _circuit(chance: random.Random, corpus: Corpus) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        return mutate(chance, corpus.circuits, WORDS)
    drawn = draw_circuit(chance)
    return mutate(chance, (drawn, corpus.circuits[0]), WORDS) if kind == 1 else drawn


_PLACELESS_AQO = ("JSON_", "AQO_SIZE_LIMIT", "AQO_TYPE: AQO document: must be an object")

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "mutants": Target(
            weight=40,
            draw=lambda chance, corpus: mutate(chance, corpus.programs, WORDS),
            read=lambda content: _compile(content, LOW),
            check=_check_compiled,
        ),
        "grammar": Target(
            weight=8,
            draw=lambda chance, _corpus: draw_program(chance),
            read=lambda content: _compile(content, LOW),
            check=_check_compiled,
        ),
        "full": Target(
            weight=1,
            draw=_either,
            read=lambda content: _compile(content, CompileLimits()),
            check=_check_compiled,
            patience=10.0,  # ten million steps, at a microsecond for each
        ),
        "jobs": Target(
            weight=8,
            draw=_job,
            read=_read_job,
            check=_check_compiled,
            placeless=("JOBFILE_SIZE", "JOBSPEC_ENCODING", "JOBSPEC_EMPTY", *_PLACELESS_AQO),
            may_open=_may_open_beside,
        ),
        "openqasm": Target(
            weight=10,
            draw=_openqasm,
            read=_read_openqasm,
            check=_check_compiled,
        ),
        "names": Target(
            weight=6,
            draw=_name,
            read=read_names,
            check=check_names,
            placeless=("",),
        ),
        "arguments": Target(
            weight=4,
            draw=_arguments,
            read=lambda content: read_arguments(content, folder=Path(_FOLDER)),
            check=lambda _content, _answer: iter(()),
            placeless=("",),
            may_open=_may_open_named,
        ),
        "circuits": Target(
            weight=23,
            draw=_circuit,
            read=lambda content: decode(content, require_measurement=False),
            check=_check_circuit,
            placeless=_PLACELESS_AQO,
        ),
    }
)
"""Every target by its name."""
