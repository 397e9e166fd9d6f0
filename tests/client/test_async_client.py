"""The asynchronous client: what is quick is done at once, one in each turn of the loop; the rest in threads."""

from __future__ import annotations

import asyncio  # as a caller of the library may
import json
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import current_default_thread_limiter

import eigen
from eigen.client.packaging import Overrides, is_quick
from eigen.contracts.jobspec import JobMetadata, JobSpec
from eigen.testing.scripted_driver import ScriptedDriver

TURN = "@hybrid_program(shots=100)\ndef main(theta: Param):\n    ry(0, theta)\n"


async def test_a_program_that_was_compiled_before_needs_no_thread(tmp_path: Path) -> None:
    """As in a hybrid loop: other values of the parameters, every thread of the process taken."""
    async with eigen.AsyncClient(tmp_path, drivers={"scripted": ScriptedDriver()}) as client:
        first = await client.compile(TURN, inputs={"theta": 0.1})
        threads = current_default_thread_limiter()
        takers = [object() for _ in range(int(threads.total_tokens))]
        for taker in takers:
            await threads.acquire_on_behalf_of(taker)
        try:
            with anyio.fail_after(60):
                second = await client.compile(TURN, inputs={"theta": 0.2})
        finally:
            for taker in takers:
                threads.release_on_behalf_of(taker)
    assert (second.digest, second.binding) == (first.digest, {"theta": 0.2})


async def test_many_submissions_in_one_turn_leave_turns_to_others(tmp_path: Path) -> None:
    """A task that only yields gets a turn for each of fifty jobs that are submitted at once."""
    turns = 0

    async def yield_on() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with eigen.AsyncClient(tmp_path, drivers={"scripted": ScriptedDriver()}) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(yield_on)
            async with anyio.create_task_group() as submissions:
                for _ in range(50):
                    submissions.start_soon(lambda: client.submit(TURN, target="scripted:device", inputs={"theta": 1}))
            tasks.cancel_scope.cancel()
        assert len(await client.jobs()) == 50
    assert turns >= 50


@pytest.mark.parametrize(
    ("job", "inputs"),
    [
        ("job.yaml", {}),
        (TURN * 2_000, {}),
        (TURN, {"theta": [0.1] * 10}),
        (TURN, {f"x{number}": 1 for number in range(101)}),
        (JobSpec(metadata=JobMetadata(name="x")), {}),
    ],
    ids=["a file", "a long text", "a list", "many inputs", "a spec"],
)
def test_what_may_take_longer_is_left_to_a_thread(job: str | JobSpec, inputs: dict[str, object]) -> None:
    assert is_quick(TURN, overrides=Overrides(inputs={"theta": 0.1}))
    assert not is_quick(job, overrides=Overrides(inputs=inputs))


async def test_a_client_whose_task_asyncio_cancels_closes_whole(tmp_path: Path) -> None:
    """As Ctrl-C does it to `asyncio.run`: what was done is kept, logged and counted, and no lock file is left."""
    is_open = anyio.Event()

    async def use() -> None:
        async with eigen.AsyncClient(tmp_path, drivers={"scripted": ScriptedDriver()}) as client:
            job = await client.submit(TURN, target="scripted:device", inputs={"theta": 1})
            await job.results()
            await client.devices()
            is_open.set()
            await anyio.sleep_forever()

    using = asyncio.create_task(use())
    with anyio.fail_after(60):
        await is_open.wait()
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using
    assert not list((tmp_path / "systems").iterdir())
    lines = [json.loads(line) for line in (tmp_path / "logs" / "eigen.jsonl").read_text().splitlines()]
    assert "list_devices" in {line.get("call") for line in lines}
    assert (tmp_path / "metrics.json").exists()
    with eigen.Client(tmp_path) as later:
        assert [job.state for job in later.jobs()] == ["DONE"]
