"""Every error has an exit code, and nothing else decides it."""

from __future__ import annotations

import json

import pytest

from eigen.cli.exit_codes import ExitCode, exit_code_of, exit_code_of_job
from eigen.cli.session import perform
from eigen.contracts.errors import EigenError, ErrorCode, InvariantError

USER_ERRORS = {
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED",
    "UNIMPLEMENTED",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
}
OTHERS = {"UNAVAILABLE": 3, "INTERNAL": 4, "DEADLINE_EXCEEDED": 1, "CANCELLED": 1}


def an_error(code: str) -> EigenError:
    return EigenError.from_json({"code": code, "message": "x"})


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_code_has_an_exit_code(code):
    assert exit_code_of(an_error(code)) == (2 if code in USER_ERRORS else OTHERS[code])


@pytest.mark.parametrize("code", ErrorCode)
def test_a_job_that_ended_is_the_users_error_or_a_failed_job(code):
    assert exit_code_of_job(an_error(code)) == (2 if code in USER_ERRORS else 1)


def test_a_job_that_is_done_is_a_success():
    assert exit_code_of_job(None) is ExitCode.OK


def ended(body, *, as_json: bool) -> int:
    import typer

    with pytest.raises(typer.Exit) as left:
        perform(body, as_json=as_json)
    return left.value.exit_code


def test_ctrl_c_ends_without_a_word(capsys):
    def body() -> ExitCode:
        raise KeyboardInterrupt

    assert ended(body, as_json=False) == 130
    assert capsys.readouterr() == ("", "")


def test_a_defect_ends_in_exit_code_4_and_its_story_in_a_file(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def body() -> ExitCode:
        raise ExceptionGroup("tasks", [InvariantError("secret story")])

    assert ended(body, as_json=True) == 4
    said = capsys.readouterr()
    error = json.loads(said.err)["error"]
    (story,) = tmp_path.iterdir()
    assert error["code"] == "INTERNAL"
    assert str(story) in error["hint"]
    assert "secret story" not in said.err
    assert "secret story" in story.read_text()
