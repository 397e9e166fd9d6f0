"""Jobs that wait: for a slot, memory, or a reservation; what their status says; and jobs that are not taken at all."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError, ResourceExhaustedError
from eigen.contracts.execution import CircuitFormat, CircuitPayload, ExecutionOptions
from eigen.contracts.jobs import JobFilter, JobState, JobStatus
from eigen.contracts.waiting import for_jobs, for_slot
from eigen.drivers.manager import LocalDriverManager
from eigen.drivers.sim import SimDriver
from eigen.kernel.plan import (
    MAX_RESULT_BITS,
    MAX_SHOT_OPERATIONS,
    ExecutionPlan,
    check_admission,
    check_cost,
    check_memory,
)
from eigen.ports.kernel import KernelLimits
from eigen.testing.clock import ManualClock
from tests.kernel.kernel_house import House, bell, house

DEVICE = "scripted:device"
GIB = 2**30


async def submit(one: House, subject: str = "ada", **body: object) -> str:
    return (await one.kernel.enqueue(replace(bell(**body), subject=subject))).job_id


async def queued(one: House, *job_ids: str) -> list[JobStatus]:
    """Return the statuses of jobs as soon as all of them are in a line."""
    with anyio.fail_after(60):
        while True:
            statuses = [one.kernel.status(await one.kernel.record(job_id)) for job_id in job_ids]
            if all(status.stage == "queued" for status in statuses):
                return statuses
            await anyio.lowlevel.checkpoint()


async def test_a_queued_job_knows_its_place_in_the_line(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        running = [await submit(one) for _ in range(4)]
        await one.driver.started(4)
        low, high = await submit(one, priority=10), await submit(one, priority=90)
        first, second = await queued(one, high, low)
        assert first.message == f"queued: 1st in line for {DEVICE} (4 running, 4 slots)"
        assert (first.queue_position, second.queue_position) == (1, 2)
        assert first.waiting_for == {"cause": "slot", "device_id": DEVICE, "running": 4, "slots": 4}
        listed = {
            status.job_id: status for status in (await one.kernel.jobs(JobFilter(), page_size=9, page_token="")).jobs
        }
        assert (listed[low], listed[high]) == (second, first)
        assert {listed[job_id].waiting_for for job_id in running} == {None}
        one.driver.release()
        done = await one.end(low)
        assert (one.kernel.status(done).queue_position, one.kernel.status(done).waiting_for) == (None, None)


async def test_a_record_that_is_older_than_the_line_says_nothing_of_it(tmp_path: Path) -> None:
    """As that which a submission is answered with, when the job is already in its line."""
    async with house(tmp_path) as one:
        one.driver.hold()
        for _ in range(4):
            await submit(one)
        await one.driver.started(4)
        accepted = await one.kernel.enqueue(bell())
        await queued(one, accepted.job_id)
        assert one.kernel.status(accepted).waiting_for is None
        one.driver.release()


async def test_another_system_says_for_what_a_job_waits_but_not_its_place(tmp_path: Path) -> None:
    async with house(tmp_path) as one, house(tmp_path, owner="sys_b") as two:
        one.driver.hold()
        first = [await submit(one) for _ in range(5)]
        last = await submit(one, dependencies=(first[0],))
        await queued(one, first[4])
        with anyio.fail_after(60):
            while (await two.kernel.record(first[4])).stage != "queued":
                await anyio.lowlevel.checkpoint()
        status = two.kernel.status(await two.kernel.record(first[4]))
        assert (status.queue_position, status.waiting_for) == (None, {"cause": "slot", "device_id": DEVICE})
        assert "the system that runs it" in status.message
        status = two.kernel.status(await two.kernel.record(last))
        assert status.message == f"waits for {first[0]} to be DONE"


async def test_a_job_says_which_jobs_it_still_waits_for(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        done = await submit(one)
        await one.end(done)
        one.driver.hold()
        running = await submit(one)
        waiting = await submit(one, dependencies=(done, running))
        with anyio.fail_after(60):
            while one.kernel.status(await one.kernel.record(waiting)).waiting_for != {
                "cause": "jobs",
                "job_ids": [running],
            }:
                await anyio.lowlevel.checkpoint()


async def test_a_job_waits_for_memory_and_says_how_much(tmp_path: Path) -> None:
    async with house(tmp_path, memory_bytes=12 * GIB) as one:
        one.driver.hold()
        one.driver.need(lambda profile: 9 * GIB)
        first = await submit(one)
        await one.driver.started()
        one.driver.need(lambda profile: 8 * GIB)
        big = await submit(one)
        (status,) = await queued(one, big)
        assert status.message == f"waits for memory: needs 8 GiB, 3 GiB free of 12 GiB (1st in line for {DEVICE})"
        assert status.waiting_for is not None
        assert status.waiting_for["needed_bytes"] == 8 * GIB
        one.driver.need(lambda profile: GIB)
        small = await submit(one)
        await one.driver.started(2)
        assert [request.job_id for request in one.driver.requests] == [first, small]
        one.driver.release()
        assert (await one.end(big)).state is JobState.DONE


@pytest.mark.parametrize("qubits", [1, 29, 30, 31, 45, 70])
async def test_what_can_never_fit_is_refused_before_it_starts(tmp_path: Path, qubits: int) -> None:
    """16 bytes for each of the 2^qubits amplitudes: 30 qubits are the most that fit into 16 GiB."""
    aqo = b'{"version":"0.1","qubits":%d,"operations":[{"op":"MEASURE","q":[0],"c":[0]}]}' % min(qubits, 32)
    async with house(tmp_path, memory_bytes=16 * GIB) as one:
        one.driver.need(lambda profile: 16 << qubits)
        record = await one.end((await one.kernel.enqueue(bell(content=aqo))).job_id)
        assert record.state is (JobState.DONE if qubits <= 30 else JobState.ERROR)
        if record.error:
            assert (record.error["reason"], record.error["code"]) == ("MEMORY_LIMIT", "RESOURCE_EXHAUSTED")
            assert "16 GiB" in record.error["message"]
            assert one.driver.requests == []


@pytest.mark.parametrize("shots", [10**power for power in range(7)])
@pytest.mark.parametrize("operations", [10, 10**5, 10**6])
def test_a_job_that_takes_days_is_refused_with_the_figures(shots: int, operations: int) -> None:
    at_the_end = CircuitProfile(qubits=2, clbits=2, op_counts={"H": operations})
    again = CircuitProfile(qubits=2, clbits=2, op_counts={"H": operations}, has_mid_circuit=True)
    check_cost(at_the_end, shots=shots)
    if shots * operations <= MAX_SHOT_OPERATIONS:
        check_cost(again, shots=shots)
    else:
        with pytest.raises(ResourceExhaustedError, match=str(shots)):
            check_cost(again, shots=shots)


NOISE = "depolarizing:0.01"


@pytest.mark.parametrize(
    ("qubits", "options", "is_refused"),
    [
        (12, {}, False),
        (12, {"noise_model": NOISE}, True),
        (12, {"noise_model": "readout:0.1"}, False),
        (9, {"noise_model": NOISE}, False),
        (9, {"noise_model": NOISE, "driver_options": {"method": "statevector"}}, True),
        (12, {"noise_model": NOISE, "driver_options": {"method": "density_matrix"}}, False),
    ],
)
async def test_noise_that_is_drawn_for_each_shot_counts_as_a_run_for_each_shot(
    qubits: int, options: dict[str, Any], is_refused: bool
) -> None:
    """A density matrix is one run, whose memory is counted: 16 bytes for each of 4^n elements."""
    profile = CircuitProfile(qubits=qubits, clbits=2, op_counts={"RY": 10**6, "MEASURE": 2})
    asked = ExecutionOptions(shots=10**6, seed=1, **options)
    async with LocalDriverManager({"sim": SimDriver(memory_limit_bytes=GIB, num_workers=1)}) as manager:
        admission = manager.admit("sim:local", profile, asked)
        payload = CircuitPayload(format=CircuitFormat.AQO_JSON, data=b"", digest="", profile=profile)
        plan = ExecutionPlan(target="sim:local", payload=payload, binding={}, options=asked)
        if is_refused:
            with pytest.raises(ResourceExhaustedError, match="each shot a run of its own"):
                check_admission(plan, admission, memory_bytes=GIB)
        else:
            check_admission(plan, admission, memory_bytes=GIB)
    assert admission.memory_bytes == 16 << (2 * qubits if admission.method == "density_matrix" else qubits)


@pytest.mark.parametrize(("clbits", "shots"), [(1, 10**6), (20, 10**6), (268, 10**6), (269, 10**6), (1000, 10**5)])
def test_counts_that_would_not_fit_are_refused_with_the_figures(clbits: int, shots: int) -> None:
    profile = CircuitProfile(qubits=clbits, clbits=clbits, op_counts={"MEASURE": clbits})
    if min(shots, 2**clbits) * clbits <= MAX_RESULT_BITS:
        check_cost(profile, shots=shots)
    else:
        with pytest.raises(ResourceExhaustedError, match=f"at most {MAX_RESULT_BITS // clbits}"):
            check_cost(profile, shots=shots)


async def test_the_simulator_refuses_what_does_not_fit_on_every_rung_of_the_ladder() -> None:
    """1 to 70 qubits, 1 to 1,000,000 shots: what is let in fits into 1 GiB; what is not is told with its figures."""
    fitting = []
    async with LocalDriverManager({"sim": SimDriver(memory_limit_bytes=GIB, num_workers=1)}) as manager:
        for qubits in range(1, 71):
            profile = CircuitProfile(qubits=qubits, clbits=qubits, op_counts={"H": qubits, "MEASURE": qubits})
            for shots in (10**power for power in range(7)):
                try:
                    options = ExecutionOptions(shots=shots, seed=1, driver_options={"method": "statevector"})
                    admission = manager.admit("sim:local", profile, options)
                    check_memory(admission, limit_bytes=GIB)
                    check_cost(profile, shots=shots)
                except ResourceExhaustedError as error:
                    assert str(qubits) in error.message
                    assert error.hint
                else:
                    assert 16 << qubits <= admission.memory_bytes <= GIB
                    fitting.append(qubits)
    assert sorted(set(fitting)) == list(range(1, 27))


async def test_a_reserved_slot_waits_for_its_subject(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.driver.hold()
        reservations = [
            await one.kernel.reserve(DEVICE, subject="bob", purpose="calibration", ttl_sec=60) for _ in range(4)
        ]
        with pytest.raises(ResourceExhaustedError) as caught:
            await one.kernel.reserve(DEVICE, subject="eve", purpose="", ttl_sec=60)
        assert caught.value.reason == "DEVICE_RESERVED"
        job_id = await submit(one)
        (status,) = await queued(one, job_id)
        assert status.waiting_for is not None
        assert (status.waiting_for["cause"], status.waiting_for["reserved_by"]) == ("reservation", ["bob"])
        assert status.message.startswith(f"{DEVICE} is reserved by bob until ")
        of_bob = await submit(one, subject="bob")
        await one.driver.started(1)
        assert one.driver.requests[0].job_id == of_bob
        await one.kernel.release_reservation(reservations[0].reservation_id)
        await one.driver.started(2)
        assert one.driver.requests[1].job_id == job_id
        with pytest.raises(NotFoundError):
            await one.kernel.release_reservation(reservations[0].reservation_id)
        assert await one.kernel.reservations() == tuple(reservations[1:])


async def test_a_reservation_ends_by_itself(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        for _ in range(4):
            await one.kernel.reserve(DEVICE, subject="bob", purpose="", ttl_sec=0.05)
        assert (await one.end(await submit(one))).state is JobState.DONE
        with anyio.fail_after(60):
            while await one.kernel.reservations():
                await anyio.lowlevel.checkpoint()


async def test_a_reservation_binds_every_system_on_the_root_and_outlives_its_own(tmp_path: Path) -> None:
    async with house(tmp_path, owner="sys_b") as other:
        async with house(tmp_path) as one:
            for subject in ("bob", "bob", "eve", "eve"):
                held = await one.kernel.reserve(DEVICE, subject=subject, purpose="", ttl_sec=60)
        assert len(await other.kernel.reservations()) == 4
        job_id = await submit(other)
        (status,) = await queued(other, job_id)
        assert status.waiting_for is not None
        assert (status.waiting_for["cause"], status.waiting_for["reserved_by"]) == ("reservation", ["bob", "eve"])
        assert (await other.end(await submit(other, subject="bob"))).state is JobState.DONE
        async with house(tmp_path, owner="sys_c", works=False) as third:
            await third.kernel.release_reservation(held.reservation_id)
        assert (await other.end(job_id)).state is JobState.DONE


async def test_only_time_that_passes_and_a_new_boot_end_a_reservation(tmp_path: Path) -> None:
    clock, set_back = ManualClock(), ManualClock(datetime(1999, 1, 1, tzinfo=UTC))
    async with house(tmp_path, clock=clock) as one, house(tmp_path, owner="sys_b", clock=set_back) as other:
        held = await one.kernel.reserve(DEVICE, subject="bob", purpose="", ttl_sec=60)
        async with house(tmp_path, owner="sys_c", clock=ManualClock(boot_id="second boot")) as after_a_restart:
            assert await after_a_restart.kernel.reservations() == ()
        for passed_sec, holding in ((0.0, (held,)), (59.9, (held,)), (0.2, ())):
            set_back.advance(passed_sec)
            assert await other.kernel.reservations() == holding


async def test_a_subject_reserves_no_more_than_its_quota(tmp_path: Path) -> None:
    async with house(tmp_path, limits=KernelLimits(reservations_per_subject=1)) as one:
        await one.kernel.reserve(DEVICE, subject="bob", purpose="", ttl_sec=60)
        with pytest.raises(ResourceExhaustedError) as caught:
            await one.kernel.reserve(DEVICE, subject="bob", purpose="", ttl_sec=60)
        assert caught.value.reason == "RESERVATION_QUOTA"
        await one.kernel.reserve(DEVICE, subject="eve", purpose="", ttl_sec=60)
        await one.kernel.reserve(DEVICE, subject="bob", tenant="acme", purpose="", ttl_sec=60)


@pytest.mark.parametrize("ttl_sec", [0, -1, 3601, float("nan"), float("inf")])
async def test_a_reservation_has_a_bounded_time(tmp_path: Path, ttl_sec: float) -> None:
    async with house(tmp_path) as one:
        with pytest.raises(InvalidArgumentError) as refused:
            await one.kernel.reserve(DEVICE, subject="bob", purpose="", ttl_sec=ttl_sec)
        assert ("a shorter time" in refused.value.hint) == (ttl_sec > 3600)


async def test_a_subject_cannot_fill_the_system_alone(tmp_path: Path) -> None:
    async with house(tmp_path, limits=KernelLimits(live_jobs=4, live_jobs_per_subject=2)) as one:
        one.driver.hold()
        mine = [await submit(one), await submit(one)]
        with pytest.raises(ResourceExhaustedError) as caught:
            await submit(one)
        assert (caught.value.reason, caught.value.details["retriable"]) == ("SUBJECT_QUOTA", True)
        await submit(one, subject="bob")
        await submit(one, subject="eve")
        with pytest.raises(ResourceExhaustedError) as caught:
            await submit(one, subject="zoe")
        assert caught.value.reason == "QUEUE_FULL"
        await one.kernel.cancel(mine[0], by="ada")
        await one.end(mine[0])
        await submit(one)


async def test_who_repeats_a_submission_gets_its_job_where_there_is_no_room_for_another_one(tmp_path: Path) -> None:
    async with house(tmp_path, limits=KernelLimits(live_jobs=1)) as one:
        one.driver.hold()
        first = await one.kernel.enqueue(bell(key="k"))
        assert (await one.kernel.enqueue(bell(key="k"))).job_id == first.job_id
        with pytest.raises(AlreadyExistsError):
            await one.kernel.enqueue(bell(key="k", shots=99))
        for key in ("", "l"):
            with pytest.raises(ResourceExhaustedError):
                await one.kernel.enqueue(bell(key=key))


async def test_jobs_that_come_at_the_same_time_do_not_pass_the_limit(tmp_path: Path) -> None:
    async with house(tmp_path, limits=KernelLimits(live_jobs=3)) as one:
        one.driver.hold()
        refused = []

        async def try_once() -> None:
            try:
                await submit(one)
            except ResourceExhaustedError as error:
                refused.append(error.reason)

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(try_once)
        assert refused == ["QUEUE_FULL"] * 5


def test_many_jobs_are_not_all_named() -> None:
    assert for_jobs([f"job_{n}" for n in range(5)]).message == "waits for job_0, job_1, job_2 and 2 more to be DONE"


@pytest.mark.parametrize(("position", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd")])
def test_places_are_told_as_people_say_them(position: int, word: str) -> None:
    assert f" {word} in line" in for_slot("d", position=position, running=1, slots=1).message


async def test_jobs_that_are_left_for_another_system_count_whoever_left_them(tmp_path: Path) -> None:
    limits = KernelLimits(live_jobs=3, live_jobs_per_subject=2)
    for reason, subject in (("", "ada"), ("", "ada"), ("SUBJECT_QUOTA", "ada"), ("", "eve"), ("QUEUE_FULL", "bob")):
        async with house(tmp_path, works=False, adopts=False, limits=limits) as one:
            try:
                await submit(one, subject=subject)
                refused = ""
            except ResourceExhaustedError as error:
                refused = error.reason
            assert refused == reason


async def test_jobs_that_several_systems_leave_at_the_same_time_do_not_pass_the_limit(tmp_path: Path) -> None:
    taken, refused = [], []

    async def try_once(one: House) -> None:
        try:
            taken.append(await submit(one))
        except ResourceExhaustedError as error:
            refused.append(error.reason)

    async with AsyncExitStack() as stack:
        limits = KernelLimits(live_jobs_per_subject=5)
        houses = [
            await stack.enter_async_context(
                house(tmp_path, owner=f"sys_{number}", works=False, adopts=False, limits=limits)
            )
            for number in range(4)
        ]
        async with anyio.create_task_group() as tasks:
            for one in houses * 3:
                tasks.start_soon(try_once, one)
        assert await houses[0].store.num_live("default", "ada") == (5, 5)
    assert (len(taken), refused) == (5, ["SUBJECT_QUOTA"] * 7)
    assert sorted(folder.name for folder in (tmp_path / "circuit_fs").glob("job_*")) == sorted(taken)
