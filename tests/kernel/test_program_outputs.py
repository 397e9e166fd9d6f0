"""What a program returns, as it stands in the results."""

from __future__ import annotations

from typing import Any

import pytest

from eigen.contracts.execution import ExecutionResult
from eigen.kernel.outputs import output_of

_OPTIMIZER = {"fun": -1.5, "x": {"theta": 0.25}, "nfev": 9, "history": [[0, -1.5]], "starts": []}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"kind": "value", "value": [1, 2]}, [1, 2]),
        ({"kind": "bits", "c": [1]}, {"counts": {"0": 3, "1": 4}}),
        ({"kind": "expectation", "name": "energy"}, {"value": -0.5, "std_error": 0.01}),
        ({"kind": "optimizer", "field": "x"}, {"theta": 0.25}),
        ({"kind": "optimizer", "field": ""}, {"fun": -1.5, "x": {"theta": 0.25}, "nfev": 9}),
    ],
)
def test_outputs_stand_in_the_results(output: dict[str, Any], expected: Any) -> None:
    result = ExecutionResult(
        counts={"01": 3, "10": 4}, execution_time_sec=0.1, expectation_values={"energy": (-0.5, 0.01)}
    )
    assert output_of(output, result, _OPTIMIZER) == expected
