"""The model's refusals in our words: one table from pydantic's error types to messages, never pydantic's own text.

pydantic would echo values. Here a message names the field, what is wanted and the type of what was found, and the
value itself only where it cannot be a secret (`document.may_show`).
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from eigen.contracts.compilation import Language
from eigen.contracts.execution import MAX_SHOTS
from eigen.contracts.jobspec import API_VERSION, KIND
from eigen.contracts.printable import quoted
from eigen.jobfile.document import Path, may_show
from eigen.jobfile.interpretation import SWEEP_HINT, Interpretation

__all__ = ["complain"]

_WANTED_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "an integer",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "a text",
    "tuple_type": "a list",
}
_WANTED_VALUES = {
    "enum": "be one of the languages",
    "extra_forbidden": "be left out: there is no such field",
    "finite_number": "be finite",
    "greater_than": "be more than {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be less than {lt}",
    "less_than_equal": "be at most {le}",
    "literal_error": "be {expected}",
    "string_too_long": "have at most {max_length} characters",
    "string_too_short": "have at least {min_length} characters",
}
_TYPE_NAMES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a mapping",
}
_UNIONS: dict[Path, str] = {
    ("spec", "timeout_sec"): "a number",
    ("spec", "precision"): "a number",
    ("spec", "driver_options"): "a number, a text, true or false",
}
"""Fields, or those of a mapping, of several types, of each of which pydantic complains by itself."""

_ALLOWED: dict[Path, str] = {
    ("apiVersion",): f"write apiVersion: {API_VERSION}",
    ("kind",): f"write kind: {KIND}",
    ("metadata",): "write metadata: with name: under it",
    ("metadata", "name"): "such as h2-ground-state",
    ("spec",): "write spec: with what to run under it",
    ("spec", "program"): "write program: | with the lines of the program under it, or name its file by program_path",
    ("spec", "program_path"): "a path relative to the job file's folder, such as program.eigen.py",
    ("spec", "program_sha256"): "what sha256sum prints of the program's file; or leave it out",
    ("spec", "shots"): f"an integer from 1 to {MAX_SHOTS}, such as shots: 1024",
    ("spec", "metadata", "shots"): f"an integer from 1 to {MAX_SHOTS} in quotes; better, write shots: 1024 under spec",
    ("spec", "seed"): "an integer from 0 to 2^53 − 1, such as seed: 7",
    ("spec", "priority"): "an integer from 0 to 100, higher first",
    ("spec", "timeout_sec"): "a number of seconds above 0, at most a year",
    ("spec", "language"): f"one of {', '.join(Language)}",
    ("spec", "target"): "such as sim:local; eigen devices lists what there is",
    ("spec", "entrypoint"): "the name of the decorated function, such as main",
    ("spec", "estimation"): "sampled, exact, or auto, which tells by what else is asked for",
    ("spec", "precision"): "a standard error above 0, such as precision: 0.01",
    ("spec", "compiler_options"): "write compiler_options: {optimization_level: 1}",
    ("spec", "compiler_options", "optimization_level"): "an integer from 0 to 3",
    ("spec", "inputs"): "numbers, texts, true, false, or lists of them, by name",
    ("spec", "sweep"): SWEEP_HINT,
    ("spec", "metadata"): 'texts by name; put numbers in quotes, such as "1024"',
    ("metadata", "labels"): 'texts by name; put numbers in quotes, such as "1024"',
    ("metadata", "annotations"): 'texts by name; put numbers in quotes, such as "1024"',
    ("spec", "driver_options"): "numbers, texts, true or false, by name",
    ("spec", "dependencies"): "a list of job ids",
    ("spec", "noise_model"): "such as depolarizing:0.001 + readout:0.02,0.03",
}
_CODES: dict[Path, str] = {
    ("apiVersion",): "JOBSPEC_API_VERSION",
    ("kind",): "JOBSPEC_KIND",
    ("metadata", "name"): "JOBSPEC_NAME",
    ("spec", "target"): "JOBSPEC_TARGET",
    ("spec", "noise_model"): "JOBSPEC_NOISE_MODEL",
    ("spec", "language"): "JOBSPEC_LANGUAGE",
    ("spec", "shots"): "JOBSPEC_SHOTS",
    ("spec", "metadata", "shots"): "JOBSPEC_SHOTS",
}
_INTEGERS: frozenset[Path] = frozenset({("spec", "shots"), ("spec", "seed"), ("spec", "priority")})
_LIMITS: frozenset[Path] = frozenset({("spec", "shots"), ("spec", "metadata", "shots")})
"""Fields whose range is a limit of the system rather than a mistake of form."""

_HUGE_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]{14,}|0[oO]?[0-7_]{18,}|0[bB][01_]{54,}|[0-9_]{17,})")
_MISSING = object()


def complain(error: ValidationError, job: Interpretation) -> None:
    """Note every refusal of the model as a fault at its place in the file."""
    told: dict[Path, ErrorDetails] = {}
    for detail in error.errors(include_url=False, include_input=False):
        path = _file_path(detail, job)
        if path not in told or told[path]["type"] in _WANTED_TYPES:  # the type that fits has more to say
            told[path] = detail
    for path, detail in told.items():
        if path not in job.faulty:
            _note(detail, path, job)


def _file_path(detail: ErrorDetails, job: Interpretation) -> Path:
    """Return where in the file a refused field stands, without what pydantic adds, such as `int` or `[key]`."""
    loc: Path = detail["loc"]
    for length in range(len(loc), 0, -1):
        if loc[:length] in job.places:
            loc = (*job.places[loc[:length]], *loc[length:])
            break
    while detail["type"] != "missing" and len(loc) > 1 and _value_at(loc, job.document.value) is _MISSING:
        loc = loc[:-1]
    return loc


def _note(detail: ErrorDetails, path: Path, job: Interpretation) -> None:
    kind, value, hint = detail["type"], _value_at(path, job.document.value), _hint(path)
    is_of_key = detail["loc"][-1] == "[key]"
    must = "the key must" if is_of_key else "must"
    is_told = not is_of_key and (kind in _WANTED_TYPES or may_show(path, value))
    found = f", not {_found(path, value)}" if is_told else ""
    if kind == "missing":
        job.fault("JOBSPEC_MISSING", "is missing", path, hint=hint)
    elif path in _INTEGERS and isinstance(value, str) and _HUGE_INTEGER.fullmatch(value):
        job.fault("JOBSPEC_INTEGER", "must be an integer within ±(2^53 − 1)", path, hint=hint, limit=True)
    elif kind in _WANTED_TYPES:
        wanted = _UNIONS.get(path) or _UNIONS.get(path[:-1]) or _WANTED_TYPES[kind]
        job.fault("JOBSPEC_TYPE", f"{must} be {wanted}{found}", path, hint=hint)
    else:
        code, context = _CODES.get(path, "JOBSPEC_VALUE"), detail.get("ctx", {})
        wanted = _WANTED_VALUES.get(kind, "be allowed").format(**context).replace("'", '"')
        message = str(context["error"]).replace("must", must, 1) if kind == "value_error" else f"{must} {wanted}"
        found = "" if quoted(value) in message else found
        job.fault(code, f"{message}{found}", path, hint=hint, limit=path in _LIMITS)


def _value_at(path: Path, value: Any) -> Any:
    for key in path:
        is_there = key in value if isinstance(value, dict) else isinstance(value, list) and key in range(len(value))
        if not is_there:
            return _MISSING
        value = value[key]
    return value


def _found(path: Path, value: Any) -> str:
    """Return a value where it may be shown, else its type."""
    if value is None or value is _MISSING:
        return "nothing"
    if isinstance(value, dict | list) or type(value) not in _TYPE_NAMES or not may_show(path, value):
        return _TYPE_NAMES.get(type(value), "an object of another type")
    if isinstance(value, bool):
        return str(value).lower()
    return f"the text {quoted(value)}" if isinstance(value, str) and path in _INTEGERS else quoted(value)


def _hint(path: Path) -> str:
    for length in range(len(path), 0, -1):
        if path[:length] in _ALLOWED:
            return _ALLOWED[path[:length]]
    return ""
