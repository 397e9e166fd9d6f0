"""Job files, loaded: from a path or bytes to a `JobSpec` and its program, with every fault at its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eigen.contracts.canonical import sha256_hex
from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.diagnostics import Diagnostic
from eigen.contracts.errors import EigenError, InvalidArgumentError, InvariantError, ResourceExhaustedError
from eigen.contracts.faults import Faults
from eigen.contracts.jobspec import JobSpec, JobSpecBody
from eigen.jobfile.complaints import complain
from eigen.jobfile.document import MAX_BYTES, read_document, show_path
from eigen.jobfile.document import Path as Place
from eigen.jobfile.files import read_beside, read_file
from eigen.jobfile.interpretation import DEFAULT_PROGRAM, Interpretation, interpret
from eigen.jobfile.job import LoadedJob, override
from eigen.jobfile.layout import Layout
from eigen.jobfile.program import MAX_PROGRAM_BYTES, language_of, load_program, source_of

__all__ = ["LoadedJob", "load_job", "override", "read_job"]

_WHAT = "job file"


def load_job(path: Path, *, program: Path | None = None) -> LoadedJob:
    """Return the job of a `job.yaml`.

    Args:
        path: The job file, as the user typed it.
        program: A program file that stands above the one that the job file names.

    Raises:
        NotFoundError: The job file or its program is not there.
        InvalidArgumentError: A file cannot be read or is wrong; `diagnostics` has every fault with its place.
        ResourceExhaustedError: A limit is passed: size, depth, aliases, shots.
    """
    content = read_file(path, max_bytes=MAX_BYTES)
    return read_job(content, filename=path.name, folder=path.parent, program=program)


def read_job(content: bytes, *, filename: str, folder: Path | None, program: Path | None = None) -> LoadedJob:
    """Return the job of a job file's bytes.

    Args:
        content: UTF-8.
        filename: The file's name, to show.
        folder: Where its program is looked for, or None where only an inline program is taken.
        program: A program file that stands above the one that the job file names.

    Raises:
        NotFoundError, InvalidArgumentError, ResourceExhaustedError: As `load_job`.
    """
    text = _decoded(content, filename=filename)
    document = read_document(text, layout=Layout(text, filename=filename))
    job = interpret(document, faults=Faults(_WHAT))
    spec = _validated(job)
    source = load_program(program) if program else _source(spec.spec, job, folder)
    _check_digest(spec.spec, source, job)
    changes: dict[str, Any] = {"language": source.language}
    if program:
        changes |= {"program": None, "program_path": source.filename}
    body = spec.spec.model_copy(update=changes)
    return LoadedJob(
        spec=spec.model_copy(update={"spec": body}), source=source, job_yaml=content, warnings=tuple(job.warnings)
    )


def _decoded(content: bytes, *, filename: str) -> str:
    if len(content) > MAX_BYTES:
        message = f"the {_WHAT} has {len(content)} bytes; at most {MAX_BYTES} are taken"
        hint = "put the program into a file of its own, and name it under spec.program_path"
        raise ResourceExhaustedError(message, reason="JOBFILE_SIZE", hint=hint)
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        span = Layout("", filename=filename).place(before.count(b"\n"), len(before) - before.rfind(b"\n") - 1)
        faults = Faults(_WHAT)
        faults.add("JOBSPEC_ENCODING", f"is not UTF-8 at byte {error.start}", span=span, hint="save it as UTF-8")
        faults.raise_if_any()
        raise InvariantError("a fault was noted and not raised") from error


def _validated(job: Interpretation) -> JobSpec:
    try:
        spec = JobSpec.model_validate(job.fields)
    except ValidationError as error:
        complain(error, job)
        job.faults.raise_if_any(warnings=job.warnings)
        raise InvariantError("the model refused a job for no reason that we know") from error
    job.faults.raise_if_any(warnings=job.warnings)
    return spec


def _source(body: JobSpecBody, job: Interpretation, folder: Path | None) -> ProgramSource:
    language = body.language if "language" in body.model_fields_set else None
    if body.program is not None:
        return _inline_source(body.program, language, job)
    path = body.program_path or DEFAULT_PROGRAM
    place = job.places.get(("spec", "program_path"), ("spec", "program_path"))
    if folder is None:
        message = "a program's file can only be read beside a job file"
        error = InvalidArgumentError(message, reason="JOBSPEC_NO_PROGRAM", hint="write the program under spec.program")
        raise _at(error, place, job)
    limit = MAX_PROGRAM_BYTES[language or language_of(path) or Language.EIGEN_LANG]
    try:
        content = read_beside(folder, path, max_bytes=limit)
    except EigenError as error:
        raise _at(error, place, job) from error
    return source_of(content, filename=path.split("/")[-1], language=language)


def _inline_source(program: str, language: Language | None, job: Interpretation) -> ProgramSource:
    place = job.places.get(("spec", "program"), ("spec", "program"))
    source = source_of(program.encode("utf-8"), filename="", language=language)
    if job.document.styles.get(place) != "|":
        return source
    line = job.document.values[place].line + 1
    first = next((number for number, text in enumerate(program.split("\n")) if text), 0)
    written, meant = job.document.layout.line(line + first), program.split("\n")[first]
    return replace(source, inline_line=line + 1, inline_indent=len(written) - len(meant))


def _at(error: EigenError, place: Place, job: Interpretation) -> EigenError:
    """Return an error about the program's file with its place in the job file."""
    is_default = place not in job.document.values
    hint = "write the program under spec.program, or its path under spec.program_path" if is_default else error.hint
    diagnostic = Diagnostic(
        code=error.reason, message=error.message, path=show_path(place), span=job.span(place), hint=hint
    )
    return type(error)(error.message, reason=error.reason, hint=hint, diagnostics=[diagnostic, *job.warnings])


def _check_digest(body: JobSpecBody, source: ProgramSource, job: Interpretation) -> None:
    digest = sha256_hex(source.content)
    if body.program_sha256 not in {None, digest}:
        message = f"the program's SHA-256 is {digest}, not {body.program_sha256}"
        hint = "run the program that is meant, or write this digest there; without program_sha256 any program is taken"
        job.fault("JOBSPEC_PROGRAM_SHA256", message, ("spec", "program_sha256"), hint=hint)
        job.faults.raise_if_any(warnings=job.warnings)
