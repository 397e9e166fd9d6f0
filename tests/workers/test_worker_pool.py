"""Worker processes: what they answer, and what their deaths mean."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

import anyio
import pytest

from eigen.contracts.errors import InternalError, ResourceExhaustedError, UnavailableError, UnimplementedError
from eigen.workers.deaths import death
from eigen.workers.nursery_client import WorkerExit
from eigen.workers.pool import WorkerPool, WorkerRequest

ENGINE = "eigen.testing.obedient_engine:ObedientEngine"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="uses pidfd or a memory limit that only Linux has")


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(ENGINE, size=2) as opened:
        yield opened
        process_ids = opened.process_ids
    assert not any(is_running(pid) for pid in process_ids)


def request(do: str, *, content: bytes = b"circuit", memory_bytes: int = 2**30, **arguments: Any) -> WorkerRequest:
    return WorkerRequest(
        digest=content.decode(), content=content, arguments={"do": do, **arguments}, memory_bytes=memory_bytes
    )


async def parts_of(pool: WorkerPool, asked: WorkerRequest) -> list[Mapping[str, Any]]:
    parts: list[Mapping[str, Any]] = []
    await pool.run(asked, parts.append)
    return parts


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_nothing_is_started_before_it_is_needed() -> None:
    async with WorkerPool(ENGINE, size=2) as pool:
        assert pool.process_ids == ()


async def test_a_worker_answers_in_its_own_process_and_session(pool: WorkerPool) -> None:
    [answer] = await parts_of(pool, request("echo", content=b"hello"))
    assert answer["text"] == "hello"
    assert answer["pid"] in pool.process_ids
    assert answer["pid"] != os.getpid()
    assert answer["session"] != os.getsid(0)


async def test_a_repeated_circuit_is_prepared_once(pool: WorkerPool) -> None:
    answers = [await parts_of(pool, request("echo", content=b"same")) for _ in range(3)]
    assert [answer[0]["num_prepared"] for answer in answers] == [1, 1, 1]


async def test_a_circuit_that_a_worker_has_forgotten_is_sent_again(pool: WorkerPool) -> None:
    """A failed run makes the worker forget, and the pool too; 300 others push the first one out of both."""
    for number in range(300):
        await parts_of(pool, request("echo", content=b"c%d" % number))
    [answer] = await parts_of(pool, request("echo", content=b"c0"))
    assert (answer["text"], answer["num_prepared"]) == ("c0", 301)


async def test_parts_come_in_order(pool: WorkerPool) -> None:
    parts = await parts_of(pool, request("parts", number=50, size=20_000))
    assert [part["number"] for part in parts] == list(range(50))


async def test_an_answer_may_have_no_part(pool: WorkerPool) -> None:
    assert await parts_of(pool, request("parts", number=0, size=0)) == []


async def test_requests_beyond_the_workers_wait_for_their_turn(pool: WorkerPool) -> None:
    answers: list[Mapping[str, Any]] = []
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(pool.run, request("echo", content=b"n%d" % number), answers.append)
    assert sorted(answer["text"] for answer in answers) == sorted(f"n{number}" for number in range(20))
    assert len({answer["pid"] for answer in answers}) <= 2


async def test_prepare_starts_one_worker_in_the_background(pool: WorkerPool) -> None:
    for _ in range(5):
        pool.prepare()
    [answer] = await parts_of(pool, request("echo"))
    assert answer["pid"] in pool.process_ids
    assert len(pool.process_ids) <= 3


async def test_an_error_of_the_tree_reaches_the_caller_as_it_is(pool: WorkerPool) -> None:
    with pytest.raises(UnimplementedError, match="no such gate") as caught:
        await parts_of(pool, request("refuse"))
    assert (caught.value.reason, caught.value.hint) == ("NO_GATE", "use another")


async def test_a_foreign_error_is_told_without_its_story(pool: WorkerPool, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InternalError) as caught, caplog.at_level(logging.ERROR):
        await parts_of(pool, request("raise"))
    assert caught.value.reason == "ENGINE_FAILED"
    assert "secret" not in str(caught.value.to_json())
    assert "secret.rs" in caplog.text


async def test_a_worker_survives_the_errors_of_its_engine(pool: WorkerPool) -> None:
    [before] = await parts_of(pool, request("echo"))
    for deed, kind in (("raise", InternalError), ("refuse", UnimplementedError)):
        with pytest.raises(kind):
            await parts_of(pool, request(deed))
    [after] = await parts_of(pool, request("echo"))
    assert after["pid"] == before["pid"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
async def test_a_killed_worker_is_told_with_its_signal_and_replaced(pool: WorkerPool, number: signal.Signals) -> None:
    with pytest.raises(UnavailableError) as caught:
        await parts_of(pool, request("die", signal=number))
    assert caught.value.reason == "WORKER_DIED"
    assert caught.value.details["signal"] == number.name
    assert (await parts_of(pool, request("echo", content=b"next")))[0]["text"] == "next"


@linux_only
async def test_a_worker_that_somebody_kills_was_not_out_of_memory_however_much_it_had(pool: WorkerPool) -> None:
    """A large simulation has what it was admitted with; nothing proves that there was no more."""
    with pytest.raises(UnavailableError, match=r"SIGKILL\), with 6\d\d[.\d]* MiB of memory") as caught:
        await parts_of(pool, request("die", signal=signal.SIGKILL, bytes=600 * 2**20))
    assert caught.value.reason == "WORKER_DIED"
    assert caught.value.details["peak_bytes"] > 600 * 2**20


@pytest.mark.parametrize(
    ("ended", "memory_kills", "reason"),
    [
        (WorkerExit(signal=signal.SIGKILL, peak_bytes=2**30), 0, "WORKER_DIED"),
        (WorkerExit(signal=signal.SIGKILL, peak_bytes=2**30), 1, "DEVICE_MEMORY"),
        (WorkerExit(signal=signal.SIGKILL, peak_bytes=2**20), 1, "WORKER_DIED"),
        (WorkerExit(signal=signal.SIGABRT, peak_bytes=2**30, output="what():  std::bad_alloc"), 0, "DEVICE_MEMORY"),
        (WorkerExit(signal=signal.SIGABRT, output="memory allocation of 99 bytes failed"), 0, "DEVICE_MEMORY"),
        (WorkerExit(signal=signal.SIGSEGV, peak_bytes=2**33), 1, "WORKER_DIED"),
        (WorkerExit(code=1, output="ValueError"), 0, "WORKER_DIED"),
    ],
)
def test_memory_is_a_deaths_cause_only_where_that_is_proved(ended: WorkerExit, memory_kills: int, reason: str) -> None:
    assert death(ended, memory_kills=memory_kills).reason == reason


async def test_a_worker_that_ends_by_itself_is_told_with_its_exit_code(pool: WorkerPool) -> None:
    with pytest.raises(UnavailableError, match="exit code 3"):
        await parts_of(pool, request("exit", code=3))


async def test_the_last_words_of_a_worker_are_in_the_log(pool: WorkerPool, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnavailableError), caplog.at_level(logging.WARNING):
        await parts_of(pool, request("die", signal=signal.SIGABRT))
    assert "last words" in caplog.text


async def test_the_death_of_the_nursery_costs_only_what_was_running(pool: WorkerPool) -> None:
    await parts_of(pool, request("echo"))
    nursery_pid = pool.process_ids[0]
    async with anyio.create_task_group() as tasks:
        await tasks.start(_spin_until_killed, pool)
        os.kill(nursery_pid, signal.SIGKILL)
    [answer] = await parts_of(pool, request("echo", content=b"after"))
    assert answer["text"] == "after"
    assert pool.process_ids[0] != nursery_pid


async def _spin_until_killed(pool: WorkerPool, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    with pytest.raises(UnavailableError):
        await pool.run(request("spin"), lambda part: task_status.started())


@linux_only
async def test_a_nursery_that_stands_still_is_killed_by_the_next_cancel_with_its_workers(pool: WorkerPool) -> None:
    workers: list[int] = []
    async with anyio.create_task_group() as tasks:

        def begun(part: Mapping[str, Any]) -> None:
            workers.append(os.pidfd_open(part["pid"]))
            os.kill(pool.process_ids[0], signal.SIGSTOP)
            tasks.cancel_scope.cancel()

        tasks.start_soon(pool.run, request("spin"), begun)
    with anyio.fail_after(60):
        await anyio.wait_readable(workers[0])  # it has ended
    os.close(workers[0])
    [answer] = await parts_of(pool, request("echo", content=b"after"))
    assert answer["text"] == "after"


async def test_a_cancelled_request_takes_its_process_with_it(pool: WorkerPool) -> None:
    pids: list[int] = []
    async with anyio.create_task_group() as tasks:

        def begun(part: Mapping[str, Any]) -> None:
            pids.append(part["pid"])
            tasks.cancel_scope.cancel()

        tasks.start_soon(pool.run, request("spin"), begun)
    assert len(pids) == 1
    assert not is_running(pids[0])
    [answer] = await parts_of(pool, request("echo"))
    assert answer["pid"] != pids[0]


async def test_a_request_that_is_cancelled_while_it_waits_costs_no_worker(pool: WorkerPool) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            await tasks.start(_spin_until_killed, pool)
        with anyio.move_on_after(0.01):
            await parts_of(pool, request("echo"))
        busy = pool.process_ids
        assert len(busy) == 3
        tasks.cancel_scope.cancel()
    assert not any(is_running(pid) for pid in busy[1:])


@linux_only
async def test_memory_beyond_the_limit_is_a_typed_answer_and_the_worker_lives(pool: WorkerPool) -> None:
    with pytest.raises(ResourceExhaustedError) as caught:
        await parts_of(pool, request("allocate", memory_bytes=2**20, bytes=4 * 2**30))
    assert caught.value.reason == "DEVICE_MEMORY"
    [granted] = await parts_of(pool, request("allocate", memory_bytes=2**28, bytes=2**27))
    assert granted["length"] == 2**27


@linux_only
async def test_a_limit_holds_for_every_request_that_is_given_it(pool: WorkerPool) -> None:
    for _ in range(70):  # more than run under one limit before it is counted anew
        [granted] = await parts_of(pool, request("allocate", memory_bytes=2**20, bytes=2**20))
        assert granted
        with pytest.raises(ResourceExhaustedError):
            await parts_of(pool, request("allocate", memory_bytes=2**20, bytes=4 * 2**30))
    assert len(pool.process_ids) == 2


async def test_what_a_library_prints_neither_blocks_nor_reaches_the_terminal(
    pool: WorkerPool, capfd: pytest.CaptureFixture[str]
) -> None:
    [answer] = await parts_of(pool, request("print", lines=20_000))
    assert answer == {"printed": 20_000, "read": ""}
    assert capfd.readouterr() == ("", "")


async def test_a_request_that_is_too_large_is_refused_and_costs_no_worker(pool: WorkerPool) -> None:
    [before] = await parts_of(pool, request("echo"))
    with pytest.raises(ResourceExhaustedError) as caught:
        await parts_of(pool, request("echo", filler="x" * (5 * 2**20)))
    assert caught.value.reason == "REQUEST_TOO_LARGE"
    [after] = await parts_of(pool, request("echo"))
    assert after["pid"] == before["pid"]


async def test_a_part_that_is_too_large_is_an_error_of_the_request(pool: WorkerPool) -> None:
    with pytest.raises(ResourceExhaustedError):
        await parts_of(pool, request("parts", number=1, size=5 * 2**20))
    assert (await parts_of(pool, request("echo")))[0]["text"] == "circuit"


async def test_a_large_circuit_travels_whole(pool: WorkerPool) -> None:
    content = b"0123456789" * 300_000
    [answer] = await parts_of(pool, request("echo", content=b"x" + content[:1_000_000]))
    assert len(answer["text"]) == 1_000_001


async def test_an_engine_that_cannot_be_imported_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with WorkerPool("eigen.testing.obedient_engine:BrokenEngine", size=1) as pool:
        for _ in range(2):
            with pytest.raises(UnavailableError, match=r"libquantum\.so\.1") as caught:
                await parts_of(pool, request("echo"))
            assert caught.value.reason == "ENGINE_UNAVAILABLE"


async def test_a_closed_pool_refuses() -> None:
    pool = WorkerPool(ENGINE, size=1)
    async with pool:
        await parts_of(pool, request("echo"))
    with pytest.raises(UnavailableError):
        await parts_of(pool, request("echo"))


async def test_an_error_in_the_callers_block_is_not_wrapped() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with WorkerPool(ENGINE, size=1) as pool:
            await parts_of(pool, request("echo"))
            raise KeyError("mine")


async def test_closing_ends_workers_that_are_busy_and_tells_their_callers() -> None:
    async with anyio.create_task_group() as tasks:
        async with WorkerPool(ENGINE, size=1) as pool:
            await tasks.start(_spin_until_killed, pool)
            process_ids = pool.process_ids
        assert len(process_ids) == 2
        assert not any(is_running(pid) for pid in process_ids)


_PARENT = """
import anyio, signal, sys
from eigen.workers.deaths import death
from eigen.workers.nursery_client import WorkerExit
from eigen.workers.pool import WorkerPool, WorkerRequest

async def main():
    async with WorkerPool("eigen.testing.obedient_engine:ObedientEngine", size=2) as pool:
        def begun(part):
            if part:
                print(*pool.process_ids, flush=True)
        spin = WorkerRequest(digest="d", content=b"c", arguments={"do": "spin"}, memory_bytes=2**30)
        await pool.run(spin, begun)

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in a shell's background
anyio.run(main)
"""


@linux_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_a_killed_system(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        descriptors = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(descriptors) == 2
        parent.send_signal(number)
        for descriptor in descriptors:
            poller = select.poll()
            poller.register(descriptor, select.POLLIN)
            assert poller.poll(60_000), "a process is still there after a minute"
            os.close(descriptor)
