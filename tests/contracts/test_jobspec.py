"""The job file as a model: strict in types and values, and the same again after a round trip."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from eigen.contracts.compilation import Language
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody

JOB_ID = "job_" + "0" * 26
FULL = JobSpec(
    metadata=JobMetadata(name="h2", labels={"molecule": "h2"}, extra={"owner": "ada"}),
    spec=JobSpecBody(
        program_path="program.eigen.py",
        entrypoint="main",
        program_sha256="0" * 64,
        language=Language.AQO,
        target="sim:local",
        shots=100,
        seed=7,
        inputs={"theta": 0.5, "xs": [1, [2.5, True]], "large": 1e17},
        sweep={"theta": [0.0, 0.1]},
        timeout_sec=2.5,
        driver_options={"fusion": True, "precision": "single"},
        noise_model="depolarizing:0.001",
        metadata={"a": "b"},
        dependencies=(JOB_ID,),
        extra={"unknown": [1, {"a": None}]},
    ),
    extra={"x-note": "kept"},
)


@pytest.mark.parametrize("spec", [FULL, JobSpec(metadata=JobMetadata(name="a"))])
def test_what_is_written_is_read_back_equal(spec: JobSpec) -> None:
    assert JobSpec.from_bytes(spec.to_bytes()) == spec


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shots", "1024"),
        ("shots", True),
        ("shots", 1024.0),
        ("shots", 0),
        ("shots", 1_000_001),
        ("seed", -1),
        ("seed", 2**53),
        ("priority", 101),
        ("timeout_sec", 0),
        ("timeout_sec", math.inf),
        ("timeout_sec", True),
        ("target", "sim local"),
        ("target", ""),
        ("entrypoint", "2main"),
        ("program_sha256", "0" * 63),
        ("language", "basic"),
        ("inputs", {"theta": math.nan}),
        ("inputs", {"theta": None}),
        ("inputs", {"theta": {"a": 1}}),
        ("inputs", {"n": 2**53}),
        ("inputs", {"2n": 1}),
        ("inputs", {"n": [[0] * 100_000]}),
        ("metadata", {"a": 1}),
        ("driver_options", {"a": []}),
        ("dependencies", ("job_1",)),
        ("nonsense", 1),
    ],
)
def test_wrong_types_and_values_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        JobSpecBody(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a_b", "../../x", "a" * 64, "ok\x1b[2J", "a\n"])
def test_a_name_is_a_dns_label(name: str) -> None:
    with pytest.raises(ValidationError):
        JobMetadata(name=name)


def test_a_refused_value_is_not_echoed() -> None:
    with pytest.raises(ValidationError) as caught:
        JobSpecBody(shots="sk-live-0123")  # type: ignore[arg-type]
    assert "sk-live" not in str(caught.value)


def test_values_of_the_command_line_stand_above_those_of_the_file() -> None:
    spec = FULL.overridden(name="other", shots=5, seed=None, inputs={"theta": 1.0})
    assert (spec.metadata.name, spec.spec.shots, spec.spec.seed) == ("other", 5, 7)
    assert spec.spec.inputs == {"theta": 1.0, "xs": [1, [2.5, True]], "large": 1e17}
    assert spec.metadata.labels == FULL.metadata.labels


def test_values_of_the_command_line_are_checked_as_those_of_the_file_are() -> None:
    with pytest.raises(ValidationError):
        FULL.overridden(shots=0)
