"""Everything that users get wrong: exit code 2, the place, what to do, and never a traceback."""

from __future__ import annotations

import json

import pytest

WRONG_PROGRAMS = {
    # what is wrong: body, what the diagnostic says
    "syntax": (["h(0"], ["error[EL0101]", "program.eigen.py:3:6", "--> job.yaml:10:10"]),
    "unknown gate": (["hh(0)"], ["error[EL0202]", "program.eigen.py:3:5", 'did you mean "h"?']),
    "qubit out of range": (["q = QubitRegister(2)", "x(q[5])"], ["error[EL0308]", "program.eigen.py:4:7", "0 to 1"]),
    "too many qubits": (
        [
            "q = QubitRegister(60)",
            "for _ in range(40):",
            "    ry(q, 0.3)",
            "    for k in range(59):",
            "        cx(k, k + 1)",
        ],
        ["60 qubits need 16 EiB", "driver_options.method"],
    ),
}

WRONG_SPECS = {
    # what is wrong: lines of spec, place and reason
    "shots 0": ("  shots: 0\n", ["JOBSPEC_SHOTS", "job.yaml:14:10 (spec.shots)", "must be at least 1, not 0"]),
    "shots 10^12": ("  shots: 1000000000000\n", ["JOBSPEC_SHOTS", "spec.shots", "1000000"]),
    "shots of a wrong type": ("  shots: many\n", ["JOBSPEC_TYPE", "must be an integer, not a text"]),
    "unknown target": ("  target: sim:lcoal\n", ['there is no device "sim:lcoal"', "did you mean sim:local?"]),
}

WRONG_OPTIONS = {
    # what is wrong: options, what is said
    "shots 0": (["--shots", "0"], ["JOBSPEC_SHOTS", "spec.shots", "must be at least 1, not 0"]),
    "shots 10^12": (["--shots", "1000000000000"], ["JOBSPEC_SHOTS", "not 1000000000000"]),
    "seed": (["--seed", "-1"], ["spec.seed", "must be at least 0, not -1"]),
    "name": (["--name", "No Name"], ["metadata.name"]),
    "group": (["--group", "no group"], ["metadata.labels", 'the group "no group" must be']),
    "priority": (["--priority", "101"], ["spec.priority"]),
    "target": (["--target", "foo:bar"], ['there is no device "foo:bar"']),
    "input without a value": (["--input", "theta"], ['--input "theta" is not NAME=VALUE']),
    "input twice": (["--input", "a=1", "--input", "a=2"], ['--input gives "a" twice']),
    "input that is no text": (["--input", "a=\udcff"], ["error"]),
    "input that the program has not": (["--input", "theta=1"], ["error[EL0319]", "theta"]),
    "missing program": (["--program", "gone.eigen.py"], ['there is no file "gone.eigen.py"']),
}

WRONG_REFERENCES = [
    ["status", "job_nope"],
    ["status", "job_" + "0" * 26],
    ["results", "nope"],
    ["watch", "nope"],
    ["cancel", "nope"],
    ["artifacts", "ls", "nope"],
    ["status", "@last"],
]


@pytest.fixture
def refused(shell):
    """Run a command; it must end in exit code 2, say why on stderr, and print no result."""

    def run(*arguments: str) -> str:
        done = shell.run(*arguments)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert str(shell.folder) not in done.stderr
        assert done.stdout == "" or (arguments[0] == "submit" and done.stdout.startswith("Job submitted: job_id="))
        return done.stderr

    return run


@pytest.mark.parametrize(("body", "fragments"), WRONG_PROGRAMS.values(), ids=WRONG_PROGRAMS)
def test_a_wrong_program_is_shown_at_its_place(shell, refused, body, fragments):
    said = refused("submit", "--job", shell.job(body))
    assert " is ERROR after " in said
    for fragment in fragments:
        assert fragment in said


@pytest.mark.parametrize(("spec", "fragments"), WRONG_SPECS.values(), ids=WRONG_SPECS)
def test_a_wrong_value_in_the_job_file_is_named_by_path_and_line(shell, refused, spec, fragments):
    said = refused("submit", "--job", shell.job(spec=spec))
    for fragment in fragments:
        assert fragment in said


@pytest.mark.parametrize(("options", "fragments"), WRONG_OPTIONS.values(), ids=WRONG_OPTIONS)
def test_a_wrong_option_is_refused_like_the_same_value_in_the_file(shell, refused, options, fragments):
    said = refused("submit", "--job", shell.job(), *options)
    for fragment in fragments:
        assert fragment in said


@pytest.mark.parametrize("arguments", WRONG_REFERENCES, ids=" ".join)
def test_a_job_that_is_not_there_is_the_users_error(refused, arguments):
    assert "there is no job" in refused(*arguments)


def test_a_job_file_that_is_not_there_is_named(refused):
    assert 'there is no file "gone.yaml"' in refused("submit", "--job", "gone.yaml")


def test_a_job_file_that_is_no_yaml_is_shown_at_its_place(shell, refused):
    assert "bad.yaml:2:2" in refused("submit", "--job", shell.write("bad.yaml", "a: [1\nb: }"))


def test_an_unknown_state_gets_the_nearest_one(refused):
    assert "did you mean DONE?" in refused("jobs", "--state", "DOEN")


def test_an_unknown_device_gets_the_nearest_one(refused):
    assert "did you mean sim:local?" in refused("devices", "status", "sim:locl")


def test_errors_come_as_json_where_json_is_asked_for(refused):
    error = json.loads(refused("results", "nope", "--json"))["error"]
    assert set(error) == {"code", "reason", "message", "hint", "details"}
    assert (error["code"], error["reason"]) == ("NOT_FOUND", "JOB_NOT_FOUND")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sumbit"], "No such command 'sumbit'. Did you mean 'submit'?"),
        (["jobs", "--limit", "x"], "Invalid value for '--limit'"),
        (["submit"], "Missing option '--job'"),
        (["status", "--nope", "x"], "No such option"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_the_users_error(refused, arguments, message):
    assert message in refused(*arguments)
    assert message in json.loads(refused(*arguments, "--json"))["error"]["message"]
