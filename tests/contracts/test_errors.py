"""One tree of errors with stable codes, that travels as JSON and between processes."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest

import eigen
from eigen.contracts.diagnostics import Diagnostic, Severity
from eigen.contracts.errors import EigenError, ErrorCode, InvalidArgumentError, InvariantError, ResourceExhaustedError
from eigen.contracts.faults import MAX_FAULTS, Faults

KINDS = EigenError.__subclasses__()


def sample(kind: type[EigenError]) -> EigenError:
    diagnostic = Diagnostic(code="EL0101", message="m", path="spec.shots")
    return kind("what", reason="WHY", hint="do", details={"a": [1]}, diagnostics=[diagnostic])


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_comes_back_from_json_as_its_own_class(kind: type[EigenError]) -> None:
    error = sample(kind)
    again = EigenError.from_json(error.to_json())
    assert type(again) is kind
    assert again.to_json() == error.to_json()
    assert again.diagnostics == error.diagnostics
    assert str(again) == "what"


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickling(kind: type[EigenError]) -> None:
    assert pickle.loads(pickle.dumps(sample(kind))).to_json() == sample(kind).to_json()


def test_every_code_has_exactly_one_class() -> None:
    assert sorted(kind.code for kind in KINDS) == sorted(ErrorCode)


def test_the_reason_defaults_to_the_code() -> None:
    assert InvalidArgumentError("what").reason == "INVALID_ARGUMENT"


def test_a_defect_of_ours_is_not_in_the_users_tree() -> None:
    assert not issubclass(InvariantError, EigenError)


def test_details_are_a_copy_so_that_writing_an_error_does_not_change_it() -> None:
    details = {"a": 1}
    error = InvalidArgumentError("what", details=details, diagnostics=[Diagnostic(code="C", message="m")])
    error.to_json()["details"]["b"] = 2
    assert (error.details, details) == ({"a": 1}, {"a": 1})


def test_no_faults_raise_nothing() -> None:
    faults = Faults("document")
    faults.raise_if_any()
    assert faults.is_empty


@pytest.mark.parametrize(("limit", "kind"), [(False, InvalidArgumentError), (True, ResourceExhaustedError)])
def test_the_first_fault_decides_the_class_and_reason(limit: bool, kind: type[EigenError]) -> None:
    faults = Faults("document")
    faults.add("FIRST", "is wrong", path="a.b", hint="mend it", limit=limit)
    faults.add("SECOND", "is wrong too", limit=not limit)
    with pytest.raises(kind) as caught:
        faults.raise_if_any()
    assert caught.value.message == "document: a.b: is wrong (and 1 more)"
    assert (caught.value.reason, caught.value.hint) == ("FIRST", "mend it")
    assert [(one.code, one.severity) for one in caught.value.diagnostics] == [
        ("FIRST", Severity.ERROR),
        ("SECOND", Severity.ERROR),
    ]


def test_no_more_than_twenty_faults_are_kept() -> None:
    faults = Faults("document")
    for number in range(50):
        assert faults.is_full == (number >= MAX_FAULTS)
        faults.add("CODE", f"{number}")
    with pytest.raises(InvalidArgumentError) as caught:
        faults.raise_if_any()
    assert [one.message for one in caught.value.diagnostics] == [f"{number}" for number in range(20)]


@pytest.mark.parametrize("package", ["contracts", "jobfile", "api", "client", "cli"])
def test_whatever_is_raised_at_the_edges_says_what_to_do(package: str) -> None:
    kinds = {kind.__name__ for kind in EigenError.__subclasses__()}
    for path in Path(eigen.__path__[0], package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                assert {"hint", None} & {one.arg for one in node.keywords}, f"{path.name}:{node.lineno}"
