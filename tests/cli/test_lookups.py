"""`eigen status`, `results`, `jobs`, `artifacts`, `devices`, `compile`, `check` and `version`."""

from __future__ import annotations

import hashlib
import json

import pytest

from eigen.cli.app import main


def artifact(shell, name: str):
    """Return a stored file of the root's one job."""
    (folder,) = (shell.root / "circuit_fs").glob("job_*")
    return folder / name


@pytest.mark.parametrize("reference", ["@last", "the id", "its beginning", "its middle"])
def test_a_job_is_named_by_id_by_unique_prefix_or_as_the_last(done_shell, reference):
    job_id = done_shell.json("jobs")[0]["job_id"]
    names = {"@last": "@last", "the id": job_id, "its beginning": job_id[:15], "its middle": job_id[4:15]}
    assert done_shell.json("status", names[reference])["job_id"] == job_id


def test_status_shows_outside_text_with_visible_escapes_and_without_markup(done_shell):
    shown = done_shell.run("status", "@last").stdout
    assert r"escape=\x1b[31mred" in shown
    assert "plain=[bold]x[/bold]" in shown
    assert "\x1b" not in shown


def test_results_with_json_are_the_bytes_of_the_file(done_shell):
    done = done_shell.run("results", "@last", "--json")
    assert done.stdout == artifact(done_shell, "results.json").read_text() + "\n"


def test_results_list_the_most_frequent_outcomes_with_their_share(done_shell):
    counts = done_shell.json("results", "@last")["counts"]
    rows = [line.split() for line in done_shell.run("results", "@last").stdout.splitlines()]
    table = rows[rows.index(["outcome", "count", "share"]) + 1 :]
    assert [(bits, int(count)) for bits, count, _ in table] == sorted(counts.items(), key=lambda one: -one[1])


def test_jobs_are_filtered_by_state_name_and_label(done_shell):
    def found(*options: str) -> int:
        return len(done_shell.json("jobs", *options))

    assert (
        found() == found("--state", "done") == found("--name", "bell") == found("--label", "plain=[bold]x[/bold]") == 1
    )
    assert found("--state", "ERROR") == found("--name", "other") == found("--label", "plain=x") == 0


def test_jobs_are_one_line_each_in_a_pipe(done_shell):
    heading, row = done_shell.run("jobs").stdout.splitlines()
    assert heading.split() == ["job", "name", "state", "target", "shots", "created", "seconds"]
    assert row.split()[1:5] == ["bell", "DONE", "sim:local", "1024"]


def test_artifacts_are_listed_and_printed_with_their_digests(done_shell):
    listed = {one["name"]: one for one in done_shell.json("artifacts", "ls", "@last")}
    assert {"job.yaml", "program.eigen.py", "compiled.aqo.json", "results.json"} <= listed.keys()
    for name, one in listed.items():
        content = done_shell.run("artifacts", "cat", "@last", name).stdout.encode()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["size_bytes"], one["sha256"])


def test_artifacts_are_exported_into_a_new_folder_only(done_shell, tmp_path):
    out = tmp_path / "copy"
    done = done_shell.run("artifacts", "export", "@last", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert (out / "results.json").read_bytes() == artifact(done_shell, "results.json").read_bytes()
    again = done_shell.run("artifacts", "export", "@last", "--out", str(out), "--json")
    assert again.returncode == 2
    assert json.loads(again.stderr)["error"]["reason"] == "OUTPUT_EXISTS"


def test_a_damaged_artifact_is_found_and_not_shown(shell):
    assert shell.run("run", shell.program()).returncode == 0
    assert shell.run("artifacts", "verify", "@last").returncode == 0
    damaged = artifact(shell, "results.json")
    content = damaged.read_bytes()
    damaged.chmod(0o600)
    damaged.write_bytes(content.replace(b"1024", b"1025"))
    verified = shell.run("artifacts", "verify", "@last", "--json")
    assert (verified.returncode, json.loads(verified.stdout)[0]["name"]) == (4, "results.json")
    for command in (["results", "@last"], ["artifacts", "cat", "@last", "results.json"]):
        shown = shell.run(*command)
        assert (shown.returncode, shown.stdout) == (4, "")


_LISTINGS = (["devices"], ["devices", "list"])
"""How many qubits a simulator takes follows the memory that is free at the moment; a snapshot's facts never change."""


def test_devices_are_listed_with_and_without_the_word(done_shell):
    plain, listed = ({one["device_id"]: one for one in done_shell.json(*words)} for words in _LISTINGS)
    assert [*plain] == [*listed]
    assert [one.keys() for one in plain.values()] == [one.keys() for one in listed.values()]
    assert plain["fake:manila"] == listed["fake:manila"] == done_shell.json("devices", "show", "fake:manila")
    assert plain["fake:manila"]["connectivity"] == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert done_shell.json("devices", "status", "sim:local")[0]["state"] == "ONLINE"
    calibrated = done_shell.json("devices", "calibrate", "fake:manila")
    assert calibrated["properties"] == done_shell.json("devices", "status", "fake:manila")[0]["properties"]
    refused = done_shell.run("devices", "calibrate", "sim:local")
    assert (refused.returncode, "has no calibration" in refused.stderr) == (2, True)


def test_check_names_an_unknown_target_as_a_submission_does(shell):
    job = shell.job(spec="  target: sim:lcoal\n")
    checked, submitted = (shell.run(*one, job, "--json") for one in (["check"], ["submit", "--job"]))
    (diagnostic,), error = json.loads(checked.stdout), json.loads(submitted.stderr)["error"]
    assert (checked.returncode, submitted.returncode) == (2, 2)
    assert diagnostic["code"] == error["reason"] == "JOBSPEC_UNKNOWN_TARGET"
    assert diagnostic["path"] == "spec.target"


def test_compile_prints_canonical_aqo_and_leaves_no_root(shell):
    printed = shell.run("compile", "--job", shell.job()).stdout
    assert shell.run("compile", "--job", shell.job(), "--out", "-").stdout == printed
    assert shell.run("compile", "--job", shell.job(), "--out", "bell.aqo.json", "--emit", "aqo").returncode == 0
    assert (shell.folder / "bell.aqo.json").read_text() == printed
    assert printed == json.dumps(json.loads(printed), sort_keys=True, separators=(",", ":"))
    assert not shell.root.exists()


def test_check_finds_everything_and_leaves_no_root(shell, capsys):
    wrong = shell.job(["hh(0)", "ryy(0)"], spec="  targett: sim:local\n")
    with pytest.raises(SystemExit) as left:
        main(["check", str(shell.folder / wrong), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code == 2
    assert {(one["severity"], one["code"]) for one in found} >= {
        ("warning", "JOBSPEC_UNKNOWN_KEY"),
        ("error", "EL0202"),
    }
    assert not shell.root.exists()


def test_check_says_that_nothing_is_wrong(shell, capsys):
    with pytest.raises(SystemExit) as left:
        main(["check", str(shell.folder / shell.program())])
    said = capsys.readouterr()
    assert (left.value.code, said.out, said.err) == (0, "", "nothing is wrong\n")


def test_check_gives_inputs_to_the_program(shell, capsys):
    program = shell.write("n.eigen.py", "@hybrid_program\ndef main(n: int):\n    q = QubitRegister(n)\n    h(q)\n")
    for options, code in (([], 2), (["--input", "n=3"], 0), (["--input", "n=text"], 2)):
        with pytest.raises(SystemExit) as left:
            main(["check", str(shell.folder / program), *options])
        assert left.value.code == code, capsys.readouterr().out


def test_version_names_what_is_installed(capsys):
    from importlib import metadata

    with pytest.raises(SystemExit) as left:
        main(["version", "--json"])
    versions = json.loads(capsys.readouterr().out)
    assert left.value.code == 0
    assert versions["eigen"] == metadata.version("eigen-os")
    assert versions["qiskit"] == metadata.version("qiskit")


def test_a_root_that_cannot_be_opened_ends_in_exit_code_3(shell, capsys):
    (shell.folder / "file").write_text("")
    with pytest.raises(SystemExit) as left:
        main(["jobs", "--root", str(shell.folder / "file" / "root")])
    assert left.value.code == 3
    assert "cannot be read or written" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["artifacts"], ["submit", "-h"]])
def test_help_is_a_result(capsys, arguments):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr()
    assert (left.value.code, said.err) == (0, "")
    assert said.out.startswith("Usage: eigen ")
    assert "..." not in said.out.partition("Commands:")[2]  # every command's line is whole


def test_status_says_on_stdout_why_a_job_failed(shell):
    shell.run("run", shell.job(["hh(0)"]))
    shown = shell.run("status", "@last")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "state     ERROR" in shown.stdout
    assert "error[EL0202]" in shown.stdout


def test_a_question_makes_no_root(shell):
    """Not even an empty one gets a store, locks or logs."""
    asked = shell.run("jobs")
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "", "no jobs\n")
    assert shell.json("jobs") == []
    missing = shell.run("status", "job_00000000000000000000000000", "--json")
    assert (missing.returncode, json.loads(missing.stderr)["error"]["reason"]) == (2, "JOB_NOT_FOUND")
    assert not shell.root.exists()
    shell.root.mkdir()
    assert shell.json("jobs") == []
    assert not list(shell.root.iterdir())


def test_hints_name_what_the_option_takes(done_shell):
    assert "write --label project=h2" in done_shell.run("jobs", "--label", "a").stderr
    assert "both were given" in done_shell.run("cancel", "@last", "--all").stderr


def test_what_a_root_counts_is_for_its_owner_alone(done_shell):
    assert (done_shell.root / "metrics.json").stat().st_mode & 0o077 == 0
