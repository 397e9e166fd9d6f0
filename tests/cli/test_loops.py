"""Loops on the command line: what they came to, what a stopped one keeps, and their curve."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eigen.cli.curve import sparkline
from eigen.client.sync import Client
from eigen.contracts.errors import OperationCancelledError

_PROGRAM = """\
@hybrid_program
def main(theta: Param = 0.0):
    ry(0, theta)
    return minimize(ExpectationValue("energy", Z(0)), [0.4], {arguments})
"""


@pytest.mark.parametrize(
    ("values", "width", "curve"),
    [
        ([], 5, ""),
        ([2.0], 5, "▁"),
        ([1.0, 1.0], 5, "▁▁"),
        ([4.0, -3.0], 5, "█▁"),
        ([float(one) for one in range(100, 0, -1)], 8, "█▇▆▅▄▃▂▁"),
    ],
)
def test_a_curve_has_a_bar_for_each_value_or_for_the_least_of_some(values: list[float], width: int, curve: str) -> None:
    assert sparkline(values, width=width) == curve


def test_results_show_what_a_loop_came_to_and_what_a_stopped_one_keeps(shell: Any) -> None:
    with Client(shell.root) as client:
        done = client.submit(_PROGRAM.format(arguments="max_evals=40"))
        found = done.results().optimizer
        stopped = client.submit(_PROGRAM.format(arguments="method='SPSA', max_iters=50000"), shots=50)
        for update in stopped.updates():
            if update.evaluations:
                stopped.cancel()
        with pytest.raises(OperationCancelledError):
            stopped.results()

    shown = shell.run("results", done.id).stdout
    assert "least value  -1" in shown
    assert f"evaluations  {found['nfev']}" in shown
    assert repr(found["x"]["theta"]) in shown

    answer = shell.run("results", stopped.id, "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stderr)["error"]["code"] == "CANCELLED"
    assert json.loads(answer.stdout)["optimizer"]["success"] is False

    lines = [json.loads(line) for line in shell.run("watch", stopped.id, "--json").stdout.splitlines()]
    told = [(line["evaluations"], line["best"]) for line in lines if line["best"] is not None]
    assert told == sorted(told, key=lambda one: (one[0], -one[1]))
