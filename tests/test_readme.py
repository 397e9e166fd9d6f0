"""The README's tour and the documentation's Python, pasted and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eigen.client.sync import Client

PROJECT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?:<!-- (?P<note>[^>]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)


def blocks(page: str) -> list[re.Match[str]]:
    return list(BLOCK.finditer((PROJECT / page).read_text()))


def paste(block: re.Match[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c"] if block["language"] == "sh" else [sys.executable, "-c"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*command, block["text"]],
        cwd=folder,
        env={**os.environ, "PATH": path, "EIGEN_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_tour_works_when_pasted(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "examples", tmp_path / "examples")
    pasted = 0
    for block in blocks("README.md"):
        note = block["note"] or ""
        if note.startswith("file: "):
            (tmp_path / note.removeprefix("file: ")).write_text(block["text"])
        elif note == "tour":
            finished = paste(block, tmp_path)
            assert finished.returncode == 0, finished.stderr
            assert finished.stdout
            pasted += 1
    assert pasted == 3


def test_the_two_commands_are_there_and_ci_runs_the_second() -> None:
    commands = [block["text"] for block in blocks("README.md") if block["text"].startswith("python3 -m venv")]
    assert [command.split()[-1] for command in commands] == ["examples/bell/job.yaml", "auto"]
    assert "<!-- test command -->" in (PROJECT / ".ci" / "run").read_text()


@pytest.mark.parametrize("index", range(2))
def test_the_librarys_pages_examples_run(tmp_path: Path, index: int) -> None:
    block = [one for one in blocks("docs/library.md") if "eigen.Client" in one["text"] or "AsyncClient" in one["text"]][
        index
    ]
    (tmp_path / "job.yaml").write_text(
        "apiVersion: eigen.os/v0.1\nkind: QuantumJob\nmetadata: {name: page}\nspec:\n  program: |\n"
        "    @hybrid_program\n    def main(angle: Param):\n        ry(0, angle)\n"
    )
    finished = paste(block, tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "0" in finished.stdout


def test_the_example_of_the_page_on_estimation_runs(tmp_path: Path) -> None:
    (block,) = (one for one in blocks("docs/estimation.md") if "eigen.Client" in one["text"])
    finished = paste(block, tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "0.87758256" in finished.stdout
    assert "{'0': 100}" in finished.stdout


def test_the_example_of_the_page_on_primitives_runs(tmp_path: Path) -> None:
    (block,) = blocks("docs/primitives.md")
    finished = paste(block, tmp_path)
    assert finished.returncode == 0, finished.stderr
    values, counts, group = finished.stdout.splitlines()
    assert values.startswith("[-1. ")
    assert "'00'" in counts
    assert group.startswith("estimator-")


def test_the_loop_of_the_page_on_hybrid_loops_runs_and_its_group_is_cancelled(tmp_path: Path) -> None:
    found = blocks("docs/hybrid.md")
    (loop,) = (one for one in found if "eigen.Client" in one["text"] and "client.minimize" in one["text"])
    finished = paste(loop, tmp_path)
    assert finished.returncode == 0, finished.stderr
    (values, num_jobs) = finished.stdout.splitlines()
    assert values.endswith("True")
    assert f" {num_jobs} True" in values
    shutil.copytree(PROJECT / "examples" / "hybrid_loop", tmp_path, dirs_exist_ok=True)
    (shell,) = (one for one in found if one["language"] == "sh" and "--group curve" in one["text"])
    finished = paste(shell, tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "  curve" in finished.stdout


def test_the_job_of_the_page_on_hybrid_loops_runs(tmp_path: Path) -> None:
    (block,) = (one for one in blocks("docs/hybrid.md") if "minimize(ExpectationValue" in one["text"])
    finished = paste(block, tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-2:] == ["True -1.857275 -0.2235", "True"]


@pytest.mark.parametrize("index", range(2))
def test_the_languages_pages_examples_compile(eigen_client: Client, index: int) -> None:
    programs = [one["text"] for one in blocks("docs/language.md") if "@hybrid_program" in one["text"]]
    assert eigen_client.compile(programs[index]).profile.num_operations > 3


@pytest.mark.parametrize(
    "page",
    sorted(
        str(one.relative_to(PROJECT))
        for one in PROJECT.glob("**/*.md")
        if not {".venv", "node_modules"} & set(one.parts)
    ),
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = PROJECT / page
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_example_of_identity_and_access_runs(tmp_path: Path) -> None:
    (block,) = blocks("docs/access.md")
    finished = paste(block, tmp_path)
    assert finished.returncode == 0, finished.stderr
    lines = (tmp_path / "my-jobs" / "logs" / "eigen.jsonl").read_text()
    assert '"subject":"grace","tenant":"navy"' in lines
    assert '"subject":"ada","tenant":"default"' in lines
