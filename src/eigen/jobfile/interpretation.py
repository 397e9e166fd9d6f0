"""A job file's values to the fields of `JobSpec`: known and unknown keys, older shapes, and rules between fields.

Unknown keys are kept under `extra` and reported as warnings with the nearest known key: the format is older than we
are, and will be younger. A key without a value (`inputs:`) is as good as left out.

Older shapes that load: `spec.metadata.shots: "1024"` where `spec.shots` is absent; `optimization_level: "1"`; files of
`eigen.os/v1`, whose `spec.program` is a mapping `{path | source, entrypoint}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from eigen.contracts.diagnostics import Diagnostic, Severity, Span, nearest
from eigen.contracts.faults import Faults
from eigen.contracts.jobspec import API_VERSION, CompilerOptions, JobMetadata, JobSpecBody
from eigen.contracts.printable import quoted
from eigen.jobfile.document import Document, Path, show_path

__all__ = ["DEFAULT_PROGRAM", "SWEEP_HINT", "Interpretation", "interpret"]

DEFAULT_PROGRAM = "program.eigen.py"
"""The program's file where the job names none."""
SWEEP_HINT = "write sweep: {theta: [0.0, 0.1]}, or sweep: {product: {a: [0, 1], b: [0, 1]}}"
"""What a sweep looks like."""

_OLDER_API_VERSION = "eigen.os/v1"
_TOP = ("apiVersion", "kind", "metadata", "spec")
_METADATA, _SPEC, _COMPILER_OPTIONS = (
    tuple(name for name in model.model_fields if name != "extra")
    for model in (JobMetadata, JobSpecBody, CompilerOptions)
)
_OLDER_PROGRAM = {"path": "program_path", "source": "program", "entrypoint": "entrypoint"}
_OLDER_SHOTS = re.compile(r"[0-9]{1,7}")
_LEVEL = re.compile(r"[0-9]{1,2}")
_MAX_PATH_LENGTH = 1024


@dataclass(slots=True)
class Interpretation:
    """A job file on its way to the model.

    Attributes:
        document: The file.
        faults: What is wrong so far.
        fields: What `JobSpec` is to be built from.
        places: Where a field of the model came from, for those that stand elsewhere in the file.
        warnings: Unknown keys.
        faulty: Paths at which something is wrong.
    """

    document: Document
    faults: Faults
    fields: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Path] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)
    faulty: set[Path] = field(default_factory=set)

    def span(self, path: Path) -> Span | None:
        """Return the place of a value, else of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            extent = self.document.values.get(path[:length])
            if extent is not None:
                key = self.document.keys.get(path[:length])
                is_wide = extent.end_line > extent.line or extent[:2] == extent[2:]
                return self.document.layout.span(key if key and (is_wide or length < len(path)) else extent)
        return None

    def fault(self, code: str, message: str, path: Path, *, hint: str = "", limit: bool = False) -> None:
        """Note a fault at a path of the file."""
        self.faulty.add(path)
        self.faults.add(code, message, path=show_path(path), hint=hint, span=self.span(path), limit=limit)


def interpret(document: Document, *, faults: Faults) -> Interpretation:
    """Return what the model is to be built from; faults of fields are noted, not raised.

    Raises:
        InvalidArgumentError: The root is no mapping.
    """
    job = Interpretation(document=document, faults=faults)
    root = document.value
    if not isinstance(root, dict):
        job.fault("JOBSPEC_TYPE", "must be a mapping", (), hint="begin with apiVersion: eigen.os/v0.1")
        faults.raise_if_any()
    top, extra = _split(job, root, _TOP, ())
    for name in _TOP:
        if name not in top:
            job.fault("JOBSPEC_MISSING", "is missing", (name,), hint=_BEGINNINGS[name])
    job.fields = {
        "api_version": _api_version(top),
        "kind": top.get("kind"),
        "metadata": _with_extra(job, top.get("metadata"), _METADATA, ("metadata",)),
        "spec": _spec(job, top),
        "extra": extra,
    }
    job.places[("api_version",)] = ("apiVersion",)
    return job


_BEGINNINGS = {
    "apiVersion": f"write apiVersion: {API_VERSION}",
    "kind": "write kind: QuantumJob",
    "metadata": "write metadata: with name: under it",
    "spec": "write spec: with what to run under it",
}


def _split(
    job: Interpretation, mapping: dict[str, Any], known: tuple[str, ...], path: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part known keys that have a value from unknown ones, and warn of those."""
    unknown = {key: value for key, value in mapping.items() if key not in known}
    for key in unknown:
        job.warnings.append(
            Diagnostic(
                code="JOBSPEC_UNKNOWN_KEY",
                message=f"{quoted(key)} is not a known key; it is kept, and has no effect",
                severity=Severity.WARNING,
                span=job.document.layout.span(job.document.keys[*path, key]),
                path=show_path((*path, key)),
                hint=_unknown_hint(key, known, path),
            )
        )
    return {key: mapping[key] for key in known if mapping.get(key) is not None}, unknown


def _unknown_hint(key: str, known: tuple[str, ...], path: Path) -> str:
    if not path and key in _SPEC:
        return f"{quoted(key)} belongs under spec"
    guess = nearest(key, known)
    return f'did you mean "{guess}"?' if guess else f"known are {', '.join(known)}"


def _with_extra(job: Interpretation, value: Any, known: tuple[str, ...], path: Path) -> Any:
    if not isinstance(value, dict):
        return value
    fields, extra = _split(job, value, known, path)
    return fields | {"extra": extra}


def _api_version(top: dict[str, Any]) -> Any:
    return API_VERSION if top.get("apiVersion") == _OLDER_API_VERSION else top.get("apiVersion")


def _spec(job: Interpretation, top: dict[str, Any]) -> Any:
    spec = _with_extra(job, top.get("spec"), _SPEC, ("spec",))
    if not isinstance(spec, dict):
        return spec
    if top.get("apiVersion") == _OLDER_API_VERSION and isinstance(spec.get("program"), dict):
        _older_program(job, spec)
    _older_shots(job, spec)
    _compiler_options(job, spec)
    _sweep(job, spec)
    _program(job, spec)
    return spec


def _older_program(job: Interpretation, spec: dict[str, Any]) -> None:
    path: Path = ("spec", "program")
    program, extra = _split(job, spec.pop("program"), tuple(_OLDER_PROGRAM), path)
    spec["extra"] |= {"program": extra} if extra else {}
    for older, name in _OLDER_PROGRAM.items():
        if older in program:
            spec[name] = program[older]
            job.places["spec", name] = (*path, older)


def _older_shots(job: Interpretation, spec: dict[str, Any]) -> None:
    metadata = spec.get("metadata")
    if "shots" in spec or not isinstance(metadata, dict) or not isinstance(metadata.get("shots"), str):
        return
    path: Path = ("spec", "metadata", "shots")
    if _OLDER_SHOTS.fullmatch(metadata["shots"]):
        spec["shots"] = int(metadata["shots"])
        job.places["spec", "shots"] = path
    else:
        job.fault("JOBSPEC_TYPE", "must be one to seven digits", path, hint="write shots: 1024 under spec")


def _compiler_options(job: Interpretation, spec: dict[str, Any]) -> None:
    options = _with_extra(job, spec.get("compiler_options"), _COMPILER_OPTIONS, ("spec", "compiler_options"))
    if not isinstance(options, dict):
        return
    level = options.get("optimization_level")
    if isinstance(level, str) and _LEVEL.fullmatch(level):
        options["optimization_level"] = int(level)
    spec["compiler_options"] = options


def _sweep(job: Interpretation, spec: dict[str, Any]) -> None:
    """Check that a sweep is lists by name, of one length unless their product is asked for."""
    sweep, path = spec.get("sweep"), ("spec", "sweep")
    if not isinstance(sweep, dict):
        return
    is_product = list(sweep) == ["product"] and isinstance(sweep["product"], dict)
    lists, where = (sweep["product"], (*path, "product")) if is_product else (sweep, path)
    for name, values in lists.items():
        if not isinstance(values, list) or not values:
            job.fault("JOBSPEC_SWEEP", "must be a list of values", (*where, name), hint=SWEEP_HINT)
            return
    if not is_product and len({len(values) for values in lists.values()}) > 1:
        job.fault("JOBSPEC_SWEEP", "lists that are zipped must be equally long", path, hint=SWEEP_HINT)


def _program(job: Interpretation, spec: dict[str, Any]) -> None:
    """Check that the program is given once, and that its path can only mean a file beside the job file."""
    if "program" in spec and "program_path" in spec:
        place = job.places.get(("spec", "program_path"), ("spec", "program_path"))
        hint = "leave one of them out"
        job.fault("JOBSPEC_PROGRAM_TWICE", "exactly one of program and program_path is taken", place, hint=hint)
        return
    if "program" in spec:
        return
    path = spec.setdefault("program_path", DEFAULT_PROGRAM)
    if isinstance(path, str) and (problem := _path_problem(path)):
        place = job.places.get(("spec", "program_path"), ("spec", "program_path"))
        hint = "write a path relative to the job file's folder, such as program.eigen.py"
        job.fault("JOBSPEC_PROGRAM_PATH", f"{quoted(path)} {problem}", place, hint=hint)


def _path_problem(path: str) -> str:
    if not path or len(path) > _MAX_PATH_LENGTH:
        return f"has not 1 to {_MAX_PATH_LENGTH} characters"
    if any(ord(one) < 0x20 or ord(one) == 0x7F for one in path):
        return "holds a control character"
    if path.startswith("/"):
        return "is absolute"
    if ".." in path.split("/"):
        return "leaves the job file's folder"
    return "names a folder" if path.endswith("/") or path.split("/")[-1] == "." else ""
