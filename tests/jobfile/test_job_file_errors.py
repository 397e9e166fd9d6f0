"""Every error of a job file says what is wrong, where, and what to do; each reason of the catalogue is raised once."""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import eigen.jobfile
from eigen.contracts.diagnostics import Severity
from eigen.contracts.errors import EigenError
from eigen.jobfile.loader import load_job, override, read_job
from eigen.jobfile.program import load_program

HEAD = "apiVersion: eigen.os/v0.1\nkind: QuantumJob\nmetadata: {name: a}\n"
FILES: dict[str, Callable[[Path], object]] = {
    "JOBFILE_LANGUAGE": lambda folder: load_program(folder / "program.txt"),
    "JOBFILE_LINK": lambda folder: load_job(folder / "circle.yaml"),
    "JOBFILE_NOT_A_FILE": lambda folder: load_job(folder),
    "JOBFILE_NOT_FOUND": lambda folder: load_job(folder / "missing.yaml"),
    "JOBFILE_SIZE": lambda folder: load_job(folder / "large.yaml"),
    "JOBFILE_UNREADABLE": lambda folder: load_job(folder / ("x" * 5000)),
}
TEXTS: dict[str, str | bytes] = {
    "JOBSPEC_ALIAS": HEAD + "spec: &a {inputs: *a}\n",
    "JOBSPEC_API_VERSION": HEAD.replace("v0.1", "v7") + "spec: {program: x}\n",
    "JOBSPEC_DEPTH": HEAD + "spec: " + "[" * 20,
    "JOBSPEC_DOCUMENTS": HEAD + "---\n" + HEAD,
    "JOBSPEC_DUPLICATE_KEY": HEAD + "spec: {shots: 1, shots: 2}\n",
    "JOBSPEC_EMPTY": "# nothing\n",
    "JOBSPEC_ENCODING": HEAD.encode("utf-16"),
    "JOBSPEC_INTEGER": HEAD + "spec: {seed: 90071992547409931}\n",
    "JOBSPEC_KEY": HEAD + "? [a]\n: b\n",
    "JOBSPEC_KIND": HEAD.replace("QuantumJob", "Pod") + "spec: {program: x}\n",
    "JOBSPEC_LANGUAGE": HEAD + "spec: {language: cobol}\n",
    "JOBSPEC_MERGE_KEY": HEAD + "spec: {<<: {shots: 1}}\n",
    "JOBSPEC_MISSING": HEAD,
    "JOBSPEC_NAME": HEAD.replace("name: a", "name: A") + "spec: {program: x}\n",
    "JOBSPEC_NODES": HEAD + "spec: {inputs: {a: [" + "1," * 20_000 + "1]}}\n",
    "JOBSPEC_NOISE_MODEL": HEAD + "spec: {program: x, noise_model: thunder}\n",
    "JOBSPEC_NOT_FINITE": HEAD + "spec: {timeout_sec: .nan}\n",
    "JOBSPEC_NO_PROGRAM": HEAD + "spec: {program_path: a.eigen.py}\n",
    "JOBSPEC_PROGRAM_PATH": HEAD + "spec: {program_path: ../a.eigen.py}\n",
    "JOBSPEC_PROGRAM_SHA256": HEAD + f"spec: {{program: x, program_sha256: '{'0' * 64}'}}\n",
    "JOBSPEC_PROGRAM_TWICE": HEAD + "spec: {program: x, program_path: a.eigen.py}\n",
    "JOBSPEC_SHOTS": HEAD + "spec: {program: x, shots: 0}\n",
    "JOBSPEC_SWEEP": HEAD + "spec: {program: x, sweep: {a: 1}}\n",
    "JOBSPEC_TAG": HEAD + "spec: !!map {program: x}\n",
    "JOBSPEC_TARGET": HEAD + "spec: {program: x, target: 'sim local'}\n",
    "JOBSPEC_TYPE": HEAD + "spec: {program: x, shots: many}\n",
    "JOBSPEC_VALUE": HEAD + "spec: {program: x, priority: 101}\n",
    "JOBSPEC_YAML": HEAD + "spec: [\n",
}
OTHER_YAML_FAULTS = ["a: \x07", 'a: "\\U99999999"', 'a: "\\ud800"', "a:\n\tb: c\n", "%YAML 9.9\n---\na: b\n", "'a"]
FIELDS = [
    "program", "program_path", "entrypoint", "program_sha256", "language", "target", "shots", "seed", "inputs",
    "inputs.n", "sweep", "sweep.n", "priority", "timeout_sec", "compiler_options",
    "compiler_options.optimization_level", "driver_options", "driver_options.n", "noise_model", "estimation",
    "precision", "metadata", "metadata.n", "metadata.shots", "dependencies",
]  # fmt: skip
VALUES = [
    ".nan", "-.inf", "1e400", "-1e400", "nan", "-0", "-0.0", "-1", "1.5", "1e17", "9007199254740992", "0x1F", "true",
    "'7'", "''", "text", "[]", "[[]]", "[a, 1]", "{}", "{a: {b: c}}", "{'': 1}", "{2n: 1}", '"a\\0\\e"', "а",
    '"\u202e"', "x" * 5000,
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    os.mkfifo(tmp_path / "pipe.yaml")
    return tmp_path


def read(text: str | bytes) -> object:
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return read_job(content, filename="job.yaml", folder=None)


def require_help(error: EigenError) -> None:
    """Hold an error, and all that it tells, to a message and a hint that can be shown."""
    told = [(error.message, error.hint), *((one.message, one.hint) for one in error.diagnostics)]
    assert all(message and hint and f"{message}{hint}".isprintable() for message, hint in told), told
    if error.reason.startswith("JOBSPEC_"):
        faults = [one for one in error.diagnostics if one.severity is Severity.ERROR]
        assert faults
        assert all(one.path or one.span or one.code == "JOBSPEC_EMPTY" for one in faults), faults


def test_the_catalogue_here_has_every_reason_that_is_raised() -> None:
    sources = Path(*eigen.jobfile.__path__).glob("*.py")
    raised = {reason for source in sources for reason in re.findall(r'"(JOB(?:FILE|SPEC)_\w+)"', source.read_text())}
    assert raised - {"JOBSPEC_UNKNOWN_KEY"} == FILES.keys() | TEXTS.keys()  # that one is a warning


@pytest.mark.parametrize("reason", FILES)
def test_a_file_that_cannot_be_taken_is_named_with_what_to_do(reason: str, folder: Path) -> None:
    with pytest.raises(EigenError) as caught:
        FILES[reason](folder)
    assert caught.value.reason == reason
    assert str(folder)[:50] in caught.value.message
    require_help(caught.value)


@pytest.mark.parametrize("reason", TEXTS)
def test_a_fault_of_a_text_has_its_place_and_what_to_do(reason: str) -> None:
    with pytest.raises(EigenError) as caught:
        read(TEXTS[reason])
    assert caught.value.reason == reason
    require_help(caught.value)


@pytest.mark.parametrize("text", OTHER_YAML_FAULTS)
def test_what_is_no_yaml_has_a_line_and_what_to_do(text: str) -> None:
    with pytest.raises(EigenError) as caught:
        read(text)
    assert caught.value.reason == "JOBSPEC_YAML"
    assert caught.value.diagnostics[0].span
    require_help(caught.value)


def test_any_value_in_any_field_is_taken_or_refused_with_what_to_do() -> None:
    for field, value in itertools.product(FIELDS, VALUES):
        name, _, inner = field.partition(".")
        with_program = "" if name.startswith("program") else "program: x, "
        try:
            read(f"{HEAD}spec: {{{with_program}{name}: {f'{{{inner}: {value}}}' if inner else value}}}\n")
        except EigenError as error:
            require_help(error)


def _values() -> Iterator[tuple[str, object, str]]:
    for name in ("timeout_sec", "precision"):
        yield name, math.nan, "must be finite"
        yield name, math.inf, "must be finite"
        yield name, True, "must be a number"
        yield name, "5", "must be a number"
        yield name, -0.0, "must be more than 0"
    yield "timeout_sec", 10**400, "must be at most 31536000"
    yield "shots", 1024.0, "must be an integer"
    yield "driver_options", {"a": [1]}, "must be a number, a text, true or false"
    yield "inputs", {"a": object()}, "must be a number, a text, true, false, or a list of them"
    yield "inputs", {1: 2}, "the key must be a text"
    yield "inputs", {"1a": 2}, "the key must be a name of letters, digits and underscores"


@pytest.mark.parametrize(("name", "value", "message"), [*_values()])
def test_a_value_of_a_caller_is_refused_by_what_its_field_takes(name: str, value: object, message: str) -> None:
    spec = read_job(f"{HEAD}spec: {{program: x}}\n".encode(), filename="job.yaml", folder=None).spec
    with pytest.raises(EigenError) as caught:
        override(spec, {name: value})
    assert message in caught.value.message
    assert " at 0x" not in caught.value.message
    require_help(caught.value)


def test_a_folder_or_a_pipe_for_a_file_is_refused_and_leaves_nothing_open(folder: Path) -> None:
    for name in (".", "pipe.yaml"):
        with pytest.raises(EigenError, match="is not a regular file"):  # once, for what is loaded the first time
            load_job(folder / name)
        before = sorted(Path("/proc/self/fd").iterdir())
        with pytest.raises(EigenError, match="is not a regular file"):
            load_job(folder / name)
        assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_a_duplicate_key_says_where_the_first_one_stands() -> None:
    with pytest.raises(EigenError, match='spec: duplicate key "spec": line 4 has it already'):
        read(f"{HEAD}spec: {{program: x}}\nspec: {{program: y}}\n")
