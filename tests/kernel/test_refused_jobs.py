"""What this version compiles but cannot run is refused before it starts, by name, and never ignored."""

from __future__ import annotations

from typing import Any

import pytest

from eigen.client.sync import Client
from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.compilation import CompiledProgram, HybridLoop
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.execution import ExecutionResult
from eigen.contracts.jobspec import JobSpecBody
from eigen.kernel.outputs import output_of
from eigen.kernel.plan import make_plan
from eigen.testing.scripted_driver import SCRIPTED_DEVICE

_ASK = """\
@hybrid_program
def main(theta: Param = 0.1):
    ry(0, theta)
    energy = ExpectationValue("energy", Z(0))
    {rest}
"""


def test_a_job_that_asks_for_more_ends_before_it_starts(eigen_client: Client) -> None:
    job = eigen_client.submit(_ASK.format(rest="return minimize(energy, [0.1])"), shots=10)
    with pytest.raises(UnimplementedError, match="hybrid loop") as caught:
        job.results()
    assert caught.value.reason == "HYBRID_LOOP"
    assert caught.value.hint
    assert "RUNNING" not in [str(one.state) for one in job.updates()]


def test_what_a_job_asks_for_compiles(eigen_client: Client) -> None:
    compiled = eigen_client.compile(_ASK.format(rest="return minimize(energy, [0.3]).fun"))
    assert compiled.hybrid == HybridLoop(objective="energy", initial={"theta": 0.3})


def test_a_plan_is_not_made_of_a_loop() -> None:
    profile = CircuitProfile(qubits=1, clbits=0, op_counts={}, num_observables=1)
    loop = HybridLoop(objective="energy", initial={"theta": 0.1})
    compiled = CompiledProgram(aqo_json=b"{}", digest="", profile=profile, hybrid=loop)
    with pytest.raises(UnimplementedError, match="hybrid loop"):
        make_plan(JobSpecBody(), compiled, drawn_seed=1, device=SCRIPTED_DEVICE)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"kind": "value", "value": [1, 2]}, [1, 2]),
        ({"kind": "bits", "c": [1]}, {"counts": {"0": 3, "1": 4}}),
        ({"kind": "expectation", "name": "energy"}, {"value": -0.5, "std_error": 0.01}),
    ],
)
def test_outputs_stand_in_the_results(output: dict[str, Any], expected: Any) -> None:
    result = ExecutionResult(
        counts={"01": 3, "10": 4}, execution_time_sec=0.1, expectation_values={"energy": (-0.5, 0.01)}
    )
    assert output_of(output, result) == expected
