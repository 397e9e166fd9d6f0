"""Large inputs and results: written and read in pieces, and never in one turn of the event loop."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import anyio
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.canonical import canonical_json
from eigen.contracts.jobs import JobState
from eigen.contracts.large_counts import AT_ONCE_BYTES, read_results
from eigen.contracts.results import JobResults
from eigen.kernel.inputs import is_large
from tests.kernel.kernel_house import bell, house

SHOTS = 30_000


def wide_counts(width: int = 40) -> dict[str, int]:
    chance = random.Random(1)  # not for secrets
    return {format(number, f"0{width}b"): 1 for number in chance.sample(range(1 << width), SHOTS)}


AQO = json.dumps(
    {
        "version": "0.1",
        "qubits": 30,
        "operations": [{"op": "MEASURE", "q": list(range(30)), "c": list(range(30))}],
    }
).encode()


def test_an_object_of_many_members_is_written_as_the_standard_has_it() -> None:
    members = {**wide_counts(), "é": 1, "\U0001f600": 2, "\ufb33": 3}
    assert canonical_json({"counts": members}) == rfc8785.dumps({"counts": members})
    assert canonical_json(wide_counts()) == rfc8785.dumps(wide_counts())


@pytest.mark.parametrize("outputs", [{}, {"bits": {"counts": wide_counts(20)}, "text": 'a "counts":{ b', "": {"x": 1}}])
def test_many_counts_are_read_as_they_were_written(outputs: dict[str, Any]) -> None:
    document = {"counts": wide_counts(), "outputs": outputs, "metadata": {"counts": {}}}
    content = canonical_json(document)
    assert len(content) > AT_ONCE_BYTES
    assert read_results(content) == document == json.loads(content)


@given(st.dictionaries(st.text("01", min_size=1, max_size=3), st.integers(1, 9)))
def test_few_counts_are_read_as_they_were_written(counts: dict[str, int]) -> None:
    assert read_results(canonical_json({"counts": counts})) == {"counts": counts}


async def test_many_counts_are_kept_and_read_while_the_loop_goes_on(tmp_path: Path) -> None:
    counts, turns = wide_counts(30), 0
    async with house(tmp_path) as one, anyio.create_task_group() as tasks:

        async def turn() -> None:
            nonlocal turns
            while True:
                await anyio.lowlevel.checkpoint()
                turns += 1

        one.driver.answer(counts)
        job_id = (await one.kernel.enqueue(bell(content=AQO, shots=SHOTS))).job_id
        assert (await one.end(job_id)).state is JobState.DONE
        stored = await one.artifacts.read(job_id, "results.json")
        assert JobResults.from_bytes(stored).to_bytes() == stored
        tasks.start_soon(turn)
        await anyio.lowlevel.checkpoint()
        before = turns
        assert (await one.kernel.results(job_id)).counts == counts
        assert turns > before + 1, "what is at hand was read in one turn"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [({}, False), ({"a": 1}, False), ({"a": [0.5] * 5_000}, True), ({"a": [[1.0] * 50] * 50}, True)],
)
def test_a_job_with_many_inputs_is_large(inputs: dict[str, Any], expected: bool) -> None:
    assert is_large(bell(inputs=inputs)) is expected


async def test_a_job_with_many_inputs_is_kept_and_taken_over(tmp_path: Path) -> None:
    inputs = {"angles": [number / 7 for number in range(5_000)]}
    async with house(tmp_path, works=False) as one:
        job_id = (await one.kernel.enqueue(bell(inputs=inputs))).job_id
        resolved = json.loads(await one.artifacts.read(job_id, "job.resolved.json"))
        assert resolved["spec"]["inputs"] == inputs
    async with house(tmp_path, owner="sys_b") as two:
        record = await two.end(job_id)
        assert record.state in (JobState.DONE, JobState.ERROR)
