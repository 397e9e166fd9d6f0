"""The loop over hydrogen's energy in its three forms, each run as a user runs it: a shell script and two in Python."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import eigen

EXAMPLE = Path(__file__).parents[2] / "examples" / "hybrid_loop"
X, Z, ONE = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1]), np.eye(2)
HYDROGEN = (
    -1.052373245772859 * np.eye(4)
    + 0.39793742484318045 * (np.kron(ONE, Z) - np.kron(Z, ONE))
    - 0.01128010425623538 * np.kron(Z, Z)
    + 0.18093119978423156 * np.kron(X, X)
)


@pytest.mark.parametrize(
    ("command", "group", "num_jobs"),
    [
        (["sh", "loop.sh", "rotosolve"], "rotosolve", 4),
        ([sys.executable, "loop.py"], "by-hand", None),
        ([sys.executable, "minimize.py"], None, None),
    ],
    ids=lambda value: str(value) if isinstance(value, list) else None,
)
def test_each_form_of_the_loop_comes_to_the_ground_energy(
    tmp_path: Path, command: list[str], group: str | None, num_jobs: int | None
) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "example")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=tmp_path / "example", env={**os.environ, "PATH": path, "EIGEN_HOME": str(tmp_path / "root")},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = dict(part.split("=") for part in done.stdout.split())
    theta = float(told["theta"])
    state = np.array([0, math.cos(theta / 2), math.sin(theta / 2), 0])
    assert float(told["energy"]) == pytest.approx(state @ HYDROGEN @ state, abs=1e-9)
    assert float(told["energy"]) == pytest.approx(np.linalg.eigvalsh(HYDROGEN)[0], abs=1e-8)
    with eigen.Client(tmp_path / "root") as client:
        jobs = client.jobs(group=group or told["group"], states="DONE")
    assert jobs
    assert len(jobs) == (num_jobs or len(jobs))
