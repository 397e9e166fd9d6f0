"""`--sweep NAME=VALUES`, and how `eigen run` and `eigen results` show what came of it."""

from __future__ import annotations

import json

import pytest

from eigen.cli.inputs import MAX_POINTS, parse_sweep
from eigen.contracts.errors import InvalidArgumentError

ENERGY = """
@hybrid_program(seed=5)
def main(theta: Param = 0.0):
    q = QubitRegister(1)
    ry(q[0], theta)
    return {"z": ExpectationValue("z", Z(q[0]))}
"""


def test_a_range_has_both_ends_and_a_list_is_json():
    assert parse_sweep(["a=0:2:3", "b=1:5:1", "c=[1, 2.5]"]) == {"a": [0.0, 1.0, 2.0], "b": [1.0], "c": [1, 2.5]}


@pytest.mark.parametrize(
    "values",
    ["1", "a:b:3", "0:1", "0:1:0", "0:1:-2", f"0:1:{MAX_POINTS + 1}", "0:1:2:3", "nan:1:2", "0:1e400:2", '"x"'],
)
def test_what_is_no_range_and_no_list_is_refused(values):
    with pytest.raises(InvalidArgumentError) as caught:
        parse_sweep([f"theta={values}"])
    assert caught.value.reason == "OPTION_SHAPE"
    assert "theta=0:3.14:50" in caught.value.hint


def test_a_sweep_by_the_installed_command(shell):
    """Exact without shots, with errors when shots are named; the same results as JSON and as a table."""
    (shell.folder / "energy.eigen.py").write_text(ENERGY)
    ran = shell.run("run", "energy.eigen.py", "--sweep", "theta=0:1:3", "--json")
    assert ran.returncode == 0, ran.stderr
    results = json.loads(ran.stdout)
    assert [one["binding"] for one in results["results"]] == [{"theta": 0}, {"theta": 0.5}, {"theta": 1}]
    assert [one["outputs"]["z"]["value"] for one in results["results"]] == pytest.approx([1, 0.877582562, 0.540302306])
    assert results["metadata"]["estimation"]["kind"] == "exact"
    sampled = shell.run("run", "energy.eigen.py", "--sweep", "theta=[1.5, 1.6]", "--shots", "400")
    assert sampled.returncode == 0, sampled.stderr
    assert "⟨z⟩" in sampled.stdout
    assert sampled.stdout.count("±") == 2
    assert "sampled: shots are named" in sampled.stdout
