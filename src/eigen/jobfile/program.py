"""Programs in files of their own: their language, a name to show, and a job that runs one as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from eigen.contracts.compilation import CompileLimits, Language, ProgramSource
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.jobspec import API_VERSION, KIND, JobMetadata, JobSpec, JobSpecBody
from eigen.contracts.printable import quoted
from eigen.jobfile.files import read_file
from eigen.jobfile.job import LoadedJob, override

__all__ = ["MAX_PROGRAM_BYTES", "job_of_program", "language_of", "load_program", "source_of"]

_SUFFIXES = {
    ".aqo.json": Language.AQO,
    ".qasm2": Language.OPENQASM2,
    ".qasm3": Language.OPENQASM3,
    ".qasm": Language.OPENQASM3,
    ".py": Language.EIGEN_LANG,
}
_CANONICAL_NAMES = {
    Language.EIGEN_LANG: "program.eigen.py",
    Language.OPENQASM3: "program.qasm",
    Language.OPENQASM2: "program.qasm",
    Language.AQO: "program.aqo.json",
}
MAX_PROGRAM_BYTES: Mapping[Language, int] = {
    Language.EIGEN_LANG: CompileLimits().source_bytes,
    Language.OPENQASM3: 16 * 1024 * 1024,
    Language.OPENQASM2: 16 * 1024 * 1024,
    Language.AQO: 64 * 1024 * 1024,
}
"""Largest program by language."""

_LANGUAGE_HINT = "name it .eigen.py, .qasm or .aqo.json, or set spec.language in a job.yaml"
_OPENQASM = re.compile(rb"(?:\s++|//[^\n]*+\n|/\*(?:[^*]++|\*(?!/))*+\*/)*+OPENQASM\s++([0-9]++)[.;\s]")
_KEPT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,60}(?:\.eigen\.py|\.py|\.qasm[23]?|\.aqo\.json)")
_RESERVED_NAMES = frozenset({"compiled.aqo.json", "compiled.qasm"})


def load_program(path: Path) -> ProgramSource:
    """Return the program in a file that the user named; its language is told from the file's name.

    Raises:
        NotFoundError: There is no such file.
        InvalidArgumentError: It is no regular file, cannot be read, or its name tells no language.
        ResourceExhaustedError: It is too large.
    """
    language = language_of(path.name)
    if language is None:
        raise InvalidArgumentError(
            f"the name of {quoted(str(path), limit=200)} tells no language",
            reason="JOBFILE_LANGUAGE",
            hint=_LANGUAGE_HINT,
        )
    return source_of(read_file(path, max_bytes=MAX_PROGRAM_BYTES[language]), filename=path.name)


def language_of(filename: str, content: bytes = b"") -> Language | None:
    """Return the language that a file's name tells, or None.

    Which OpenQASM a `.qasm` file is, its header tells, and so it does of a program that has no file.
    """
    language = next((language for suffix, language in _SUFFIXES.items() if filename.endswith(suffix)), None)
    header = _OPENQASM.match(content[:4096]) if filename.endswith(".qasm") or not filename else None
    if header is None:
        return language
    return Language.OPENQASM2 if header[1] == b"2" else Language.OPENQASM3


def source_of(content: bytes, *, filename: str, language: Language | None = None) -> ProgramSource:
    """Return a program; its file's name is kept where it can be an artifact's name, else replaced by a canonical one.

    Args:
        content: The program.
        filename: Name of its file.
        language: What it is written in; by default told by the name and content, Eigen-Lang where they do not tell.
    """
    language = language or language_of(filename, content) or Language.EIGEN_LANG
    is_kept = _KEPT_NAME.fullmatch(filename) and filename not in _RESERVED_NAMES
    return ProgramSource(
        content=content, filename=filename if is_kept else _CANONICAL_NAMES[language], language=language
    )


def job_of_program(source: ProgramSource, *, name: str | None = None) -> LoadedJob:
    """Return a job that runs a program as it is, with a job file that says the same.

    Args:
        source: The program.
        name: The job's name; by default made from the program's file name.

    Raises:
        InvalidArgumentError: The name is not allowed.
    """
    body = JobSpecBody(program_path=source.filename, language=source.language)
    spec = JobSpec(metadata=JobMetadata(name=_name_of(source.filename)), spec=body)
    if name is not None:
        spec = override(spec, {"name": name})
    job_yaml = (
        f"apiVersion: {API_VERSION}\n"
        f"kind: {KIND}\n"
        f"metadata:\n"
        f'  name: "{spec.metadata.name}"\n'
        f"spec:\n"
        f"  program_path: {source.filename}\n"
        f"  language: {source.language}\n"
    )
    return LoadedJob(spec=spec, source=source, job_yaml=job_yaml.encode("ascii"))


def _name_of(filename: str) -> str:
    stem = re.sub(r"\.(eigen\.py|py|qasm[23]?|aqo\.json)$", "", filename.lower())
    return re.sub(r"[^a-z0-9]+", "-", stem)[:63].strip("-") or "job"
