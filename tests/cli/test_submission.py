"""`eigen submit`, `run`, and their ways to end."""

from __future__ import annotations

import json
import re

import pytest

JOB_LINE = re.compile(r"Job submitted: job_id=(job_[0-9a-z]{26})\n")


def test_submit_names_the_job_first_and_stays_until_it_is_done(shell):
    done = shell.run("submit", "--job", shell.job())
    assert done.returncode == 0
    assert JOB_LINE.fullmatch(done.stdout)
    job_id = JOB_LINE.fullmatch(done.stdout)[1]
    assert re.search(rf"^{job_id} is DONE after [0-9.]+ s$", done.stderr, re.MULTILINE)
    assert shell.json("status", job_id)["state"] == "DONE"


def test_submit_with_json_prints_the_status_at_once_and_nothing_else(shell, long_body):
    options = ("--name", "renamed", "--shots", "50", "--seed", "3")
    with shell.start("submit", "--job", shell.job(long_body), "--json", *options) as submission:
        status = json.loads(submission.stdout.readline())
        assert (status["state"], status["name"], status["shots"], status["seed"]) == ("PENDING", "renamed", 50, 3)
        assert status["warnings"] == []
        assert shell.run("cancel", status["job_id"]).returncode == 0
        assert submission.wait(timeout=60) == 1
        assert submission.stdout.read() == ""
        assert json.loads(submission.stderr.read())["error"]["code"] == "CANCELLED"


@pytest.mark.parametrize("options", [[], ["--detach"]], ids=["attached", "detached"])
def test_warnings_come_with_the_json_and_to_people_as_text(shell, options):
    job = shell.job(spec="  shotss: 10\n")
    done = shell.run("submit", "--job", job, "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    (warning,) = json.loads(done.stdout)["warnings"]
    assert (warning["severity"], warning["code"], warning["path"]) == ("warning", "JOBSPEC_UNKNOWN_KEY", "spec.shotss")
    assert "did you mean" in shell.run("submit", "--job", job, *options).stderr
    submitted = json.loads(shell.run("run", job, "--json").stderr)["submitted"]
    assert submitted["warnings"] == [warning]
    compiled = shell.run("compile", "--job", job, "--json")
    assert json.loads(compiled.stderr) == {"warnings": [warning]}
    assert json.loads(compiled.stdout)["version"] == "0.1"


def test_run_prints_the_results_and_names_the_job_on_stderr(shell):
    done = shell.run("run", shell.program(), "--shots", "200", "--seed", "1")
    assert done.returncode == 0
    assert JOB_LINE.match(done.stderr)
    assert "outcome  count   share" in done.stdout
    counts = dict(re.findall(r"^(00|11) +(\d+) ", done.stdout, re.MULTILINE))
    assert sum(map(int, counts.values())) == 200


def test_run_with_json_prints_the_very_bytes_of_each_results_file_on_one_line(shell):
    first, second = shell.program(name="a.eigen.py"), shell.job(name="b.yaml")
    done = shell.run("run", first, second, "--json", "--seed", "5")
    lines = done.stdout.splitlines()
    submitted = [json.loads(line)["submitted"] for line in done.stderr.splitlines()]
    assert done.returncode == 0
    assert [json.loads(line)["name"] for line in lines] == [one["name"] for one in submitted] == ["a", "bell"]
    assert [json.loads(line)["job_id"] for line in lines] == [one["job_id"] for one in submitted]
    for line in lines:
        job_id = json.loads(line)["job_id"]
        assert (shell.root / "circuit_fs" / job_id / "results.json").read_text() == line


def test_run_takes_a_circuit_that_compile_has_written(shell):
    compiled = shell.run("compile", "--job", shell.program(), "--out", "bell.aqo.json")
    assert (compiled.returncode, compiled.stdout) == (0, "")
    results = shell.json("run", "bell.aqo.json", "--seed", "2")
    assert sum(results["counts"].values()) == 1024
    assert set(results["counts"]) <= {"00", "11"}


def test_equal_seeds_give_equal_counts(shell):
    first, second = (shell.json("run", shell.program(), "--seed", "11")["counts"] for _ in range(2))
    assert first == second


def test_inputs_reach_the_program_as_their_json_types(shell):
    program = shell.write(
        "typed.eigen.py",
        "@hybrid_program(shots=10)\n"
        "def main(n: int, names: list, angle: Param):\n"
        "    q = QubitRegister(n + len(names))\n"
        "    rx(q[0], angle)\n"
        "    measure(q)\n",
    )
    results = shell.json("run", program, "--input", "n=2", "--input", "names=[1, 2]", "--input", "angle=3.14159265359")
    assert results["counts"] == {"0001": 10}


def test_a_program_option_stands_above_the_program_of_the_job(shell):
    flipped = shell.program(["x(0)", "measure(0)"], name="other.eigen.py")
    done = shell.run("submit", "--job", shell.job(), "--program", flipped, "--shots", "10")
    assert done.returncode == 0, done.stderr
    assert shell.json("results", "@last")["counts"] == {"1": 10}


def test_an_idempotency_key_gives_the_same_job_again_and_refuses_another_content(shell):
    job = shell.job(spec="  shots: 10\n  seed: 1\n")
    once, again = (shell.run("submit", "--job", job, "--idempotency-key", "k").stdout for _ in range(2))
    assert once == again
    other = shell.run("submit", "--job", job, "--shots", "20", "--idempotency-key", "k", "--json")
    assert other.returncode == 2
    assert json.loads(other.stderr)["error"]["code"] == "ALREADY_EXISTS"
    assert len(shell.json("jobs")) == 1


def test_a_job_that_passes_its_time_ends_in_timeout_and_exit_code_1(shell, long_body):
    done = shell.run("submit", "--job", shell.job(long_body), "--timeout-sec", "1", "--json")
    assert done.returncode == 1
    assert shell.json("status", "@last")["state"] == "TIMEOUT"
    assert json.loads(done.stderr)["error"]["reason"] == "JOB_TIMEOUT"
    looked_up = shell.run("results", "@last")
    assert (looked_up.returncode, looked_up.stdout) == (1, "")


def test_a_wrong_file_among_several_costs_nothing(shell):
    done = shell.run("run", shell.program(), "missing.eigen.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert shell.json("jobs") == []


@pytest.mark.parametrize("arguments", [("--detach", "--watch"), ("--shots", "many"), ("--no-such-option",)])
def test_options_that_make_no_sense_are_usage_errors(shell, arguments):
    done = shell.run("submit", "--job", shell.job(), *arguments, "--json")
    assert done.returncode == 2
    assert json.loads(done.stderr)["error"]["reason"] == "USAGE"
    assert not shell.root.exists()


def test_rerun_gives_equal_counts_and_names_the_first_job(shell):
    first = shell.json("run", shell.program(), "--shots", "300")
    again = shell.run("rerun", first["job_id"][:20])
    assert again.returncode == 0, again.stderr
    results = shell.json("results", JOB_LINE.fullmatch(again.stdout)[1])
    assert results["counts"] == first["counts"]
    assert results["provenance"]["rerun_of"] == first["job_id"]
    detached = shell.json("rerun", "@last", "--detach")
    assert (detached["state"], detached["warnings"]) == ("PENDING", [])
    assert shell.run("watch", detached["job_id"]).returncode == 0
    assert shell.json("results", detached["job_id"])["counts"] == first["counts"]


def test_rerun_of_a_job_that_is_not_there_or_with_options_that_exclude_each_other_is_refused(shell):
    assert shell.run("rerun", "@last").returncode == 2
    done = shell.run("rerun", "@last", "--detach", "--watch", "--json")
    assert (done.returncode, json.loads(done.stderr)["error"]["reason"]) == (2, "USAGE")
