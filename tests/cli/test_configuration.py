"""`config.toml`, the environment and `eigen config`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eigen.contracts.errors import InvalidArgumentError
from eigen.ports.kernel import KernelLimits
from eigen.system.configuration import KEYS, load_configuration

VALUES = {
    # key: what config.toml says, what the variable says, both as they are meant
    "root": ('"/data/a"', "/data/b", Path("/data/a"), Path("/data/b")),
    "live_jobs": ("7", "8", 7, 8),
    "live_jobs_per_subject": ("5", "6", 5, 6),
    "memory_bytes": ("8_000_000_000", "9000000000", 8_000_000_000, 9_000_000_000),
    "reservation_sec": ("0.5", "60", 0.5, 60.0),
    "reservations_per_subject": ("2", "3", 2, 3),
    "log_level": ('"warning"', "error", "warning", "error"),
    "log_format": ('"json"', "console", "json", "console"),
}


def configured(tmp_path: Path, text: str = "", **variables: str):
    (tmp_path / "config.toml").write_text(text)
    return load_configuration({"EIGEN_CONFIG": str(tmp_path / "config.toml"), **variables})


@pytest.mark.parametrize("key", KEYS)
def test_the_environment_stands_above_the_file_and_the_file_above_defaults(tmp_path, key):
    written, said, meant, stands = VALUES[key]
    default = configured(tmp_path).everything()[key]
    in_file = configured(tmp_path, f"{key} = {written}").settings[key]
    above = configured(tmp_path, f"{key} = {written}", **{KEYS[key].variable: said}).settings[key]
    assert default.origin == "default"
    assert (in_file.value, in_file.origin) == (meant, "config.toml")
    assert (above.value, above.origin) == (stands, KEYS[key].variable)


def test_every_limit_of_the_kernel_can_be_set(tmp_path):
    text = "".join(f"{key} = {value[0]}\n" for key, value in VALUES.items())
    limits = configured(tmp_path, text).limits
    assert limits == KernelLimits(
        live_jobs=7,
        live_jobs_per_subject=5,
        memory_bytes=8_000_000_000,
        reservation_sec=0.5,
        reservations_per_subject=2,
    )


def test_an_empty_variable_says_nothing(tmp_path):
    assert configured(tmp_path, "live_jobs = 7", EIGEN_LIVE_JOBS="").limits.live_jobs == 7


def test_a_relative_root_lies_beside_the_file_and_a_tilde_is_home(tmp_path):
    assert configured(tmp_path, 'root = "jobs"').root == tmp_path / "jobs"
    assert configured(tmp_path, 'root = "~/jobs"').root == Path.home() / "jobs"


@pytest.mark.parametrize(
    "text",
    [
        "rooot = 1",
        "root = 5",
        'root = ""',
        'root = "a\\u0000b"',
        "live_jobs = 0",
        "live_jobs = true",
        "live_jobs = 1.5",
        'live_jobs = "many"',
        "memory_bytes = -1",
        "reservation_sec = inf",
        "reservation_sec = nan",
        'log_level = "loud"',
        "log_format = 1",
        "root",
        "live_jobs = 1\nlive_jobs = 2",
        "x = " + "[" * 5000,
        "\x00",
        "#" * 70_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_wrong_file_is_the_users_error_with_a_way_out(tmp_path, text):
    with pytest.raises(InvalidArgumentError) as refused:
        configured(tmp_path, text)
    assert "config.toml" in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("text", ["many", "0", "-1", "1.5", "٣"])
def test_a_wrong_variable_is_named(tmp_path, text):
    with pytest.raises(InvalidArgumentError) as refused:
        configured(tmp_path, EIGEN_LIVE_JOBS=text)
    assert refused.value.message.startswith("EIGEN_LIVE_JOBS cannot be")


def test_a_command_takes_its_root_and_its_limits_from_the_file(shell):
    shell.write("config.toml", 'root = "elsewhere"\nlive_jobs_per_subject = 1\n')
    variables = {"EIGEN_HOME": "", "EIGEN_CONFIG": str(shell.folder / "config.toml")}
    configured_shell = type(shell)(shell.folder, variables)
    done = configured_shell.run("run", configured_shell.job(), configured_shell.job(name="b.yaml"), "--json")
    assert done.returncode == 2
    assert json.loads(done.stderr.splitlines()[-1])["error"]["reason"] == "SUBJECT_QUOTA"
    assert (shell.folder / "elsewhere" / "jobs.sqlite3").exists()
    assert not shell.root.exists()


def test_config_shows_every_value_and_its_origin(shell):
    shell.write("config.toml", "live_jobs = 7\n")
    file = str(shell.folder / "config.toml")
    configured_shell = type(shell)(shell.folder, {"EIGEN_CONFIG": file})
    shown = configured_shell.json("config")
    assert (shown["file"], shown["exists"]) == (file, True)
    assert shown["settings"]["live_jobs"] == {"value": 7, "origin": "config.toml"}
    assert shown["settings"]["root"] == {"value": str(shell.root), "origin": "EIGEN_HOME"}
    assert shown["settings"]["memory_bytes"] == {"value": None, "origin": "default"}
    above = configured_shell.json("config", "--root", "other")
    assert above["settings"]["root"] == {"value": "other", "origin": "--root"}
    rows = [line.split() for line in configured_shell.run("config").stdout.splitlines()]
    assert ["live_jobs", "7", "config.toml"] in rows
    assert not shell.root.exists()


def test_a_wrong_file_stops_every_command_with_exit_code_2(shell):
    shell.write("config.toml", "live_jobs = 0\n")
    broken = type(shell)(shell.folder, {"EIGEN_CONFIG": str(shell.folder / "config.toml")})
    for command in ("jobs", "config"):
        done = broken.run(command, "--json")
        assert (done.returncode, json.loads(done.stderr)["error"]["reason"]) == (2, "CONFIG_VALUE")
