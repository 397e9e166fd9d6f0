"""Programs in files of their own become jobs that say the same as the files generated for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError
from eigen.contracts.jobspec import JobMetadata, JobSpec
from eigen.jobfile.job import override
from eigen.jobfile.loader import load_job
from eigen.jobfile.program import job_of_program, load_program, source_of


@pytest.mark.parametrize(
    ("filename", "content", "language"),
    [
        ("bell.eigen.py", b"", Language.EIGEN_LANG),
        ("bell.py", b"", Language.EIGEN_LANG),
        ("bell.aqo.json", b"{}", Language.AQO),
        ("bell.qasm", b"OPENQASM 3.0;", Language.OPENQASM3),
        ("bell.qasm", b"// c\n/* d\n */ OPENQASM 2.0;\n", Language.OPENQASM2),
        ("bell.qasm", b"qubit q;", Language.OPENQASM3),
        ("bell.qasm2", b"", Language.OPENQASM2),
    ],
)
def test_a_files_name_and_the_header_of_openqasm_tell_the_language(
    tmp_path: Path, filename: str, content: bytes, language: Language
) -> None:
    (tmp_path / filename).write_bytes(content)
    source = load_program(tmp_path / filename)
    assert (source.language, source.filename, source.content) == (language, filename, content)


def test_a_name_that_tells_no_language_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "bell.txt").write_text("")
    with pytest.raises(InvalidArgumentError, match=r"bell\.txt") as caught:
        load_program(tmp_path / "bell.txt")
    assert caught.value.reason == "JOBFILE_LANGUAGE"
    assert "spec.language" in caught.value.hint


def test_a_program_that_is_missing_or_too_large_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        load_program(tmp_path / "missing.eigen.py")
    (tmp_path / "large.eigen.py").write_bytes(b"#" * (256 * 1024 + 1))
    with pytest.raises(ResourceExhaustedError):
        load_program(tmp_path / "large.eigen.py")


def test_a_link_that_the_user_typed_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.eigen.py").write_text("h(0)")
    (tmp_path / "link.eigen.py").symlink_to(tmp_path / "real.eigen.py")
    assert load_program(tmp_path / "link.eigen.py").content == b"h(0)"


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ("bell.eigen.py", "bell.eigen.py"),
        ("a b.eigen.py", "program.eigen.py"),
        (".eigen.py", "program.eigen.py"),
        ("é.qasm", "program.qasm"),
        ("compiled.aqo.json", "program.aqo.json"),
        ("x" * 200 + ".py", "program.eigen.py"),
        ("\x1b.eigen.py", "program.eigen.py"),
    ],
)
def test_a_name_is_kept_where_it_can_be_an_artifacts(filename: str, kept: str) -> None:
    assert source_of(b"", filename=filename).filename == kept


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Bell State.eigen.py", "program"),
        ("My_Bell-2.eigen.py", "my-bell-2"),
        ("___.qasm", "job"),
        ("x" * 61 + ".aqo.json", "x" * 61),
    ],
)
def test_a_job_is_named_after_its_programs_file(filename: str, name: str) -> None:
    assert job_of_program(source_of(b"", filename=filename)).spec.metadata.name == name


@given(st.text(max_size=80), st.sampled_from(["", ".eigen.py", ".qasm", ".aqo.json"]))
def test_any_file_name_makes_a_job_that_is_allowed(stem: str, suffix: str) -> None:
    job = job_of_program(source_of(b"x", filename=stem + suffix))
    assert JobSpec.from_bytes(job.spec.to_bytes()) == job.spec


@pytest.mark.parametrize("filename", ["bell.eigen.py", "bell.qasm", "true.eigen.py", "2024.aqo.json"])
def test_the_generated_job_file_says_the_same_as_the_job(tmp_path: Path, filename: str) -> None:
    job = job_of_program(source_of(b"x", filename=filename))
    (tmp_path / filename).write_bytes(b"x")
    (tmp_path / "job.yaml").write_bytes(job.job_yaml)
    assert load_job(tmp_path / "job.yaml") == job


def test_a_name_may_be_given_and_is_checked() -> None:
    source = ProgramSource(content=b"")
    assert job_of_program(source, name="bell").spec.metadata.name == "bell"
    with pytest.raises(InvalidArgumentError) as caught:
        job_of_program(source, name="Not a name")
    assert caught.value.diagnostics[0].path == "metadata.name"


def test_overriding_values_are_checked_all_at_once_and_not_echoed() -> None:
    spec = JobSpec(metadata=JobMetadata(name="a"))
    assert override(spec, {"shots": 5, "inputs": {"n": 2}}).spec.inputs == {"n": 2}
    with pytest.raises(InvalidArgumentError) as caught:
        override(spec, {"seed": -1, "inputs": {"2n": 1}, "target": "a b", "name": "X", "shots": "sk-live"})
    assert sorted((one.code, one.path) for one in caught.value.diagnostics) == [
        ("JOBSPEC_NAME", "metadata.name"),
        ("JOBSPEC_TARGET", "spec.target"),
        ("JOBSPEC_TYPE", "spec.shots"),
        ("JOBSPEC_VALUE", "spec.inputs.2n"),
        ("JOBSPEC_VALUE", "spec.seed"),
    ]
    assert "sk-live" not in str(caught.value.to_json())
    with pytest.raises(ResourceExhaustedError):
        override(spec, {"shots": 0})
