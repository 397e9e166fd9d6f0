"""The manager stands between every driver and the rest of the system."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import anyio
import pytest

from eigen.contracts.aqo import AQO, Affine, Condition, Operation, PauliTerm, profile
from eigen.contracts.devices import DeviceInfo, DeviceState
from eigen.contracts.errors import (
    EigenError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
    UnimplementedError,
)
from eigen.contracts.execution import CircuitFormat, ExecutionOptions, ExecutionRequest, ExecutionResult
from eigen.drivers.manager import LocalDriverManager
from eigen.drivers.sim import SimDriver
from eigen.testing.driver_conformance import execution_request
from eigen.testing.scripted_driver import SCRIPTED_DEVICE, ScriptedDriver

READ = Operation("MEASURE", (0, 1), c=(0, 1))
BELL = AQO(qubits=2, clbits=2, operations=(Operation("H", (0,)), Operation("CX", (0, 1)), READ))
COIN = AQO(qubits=1, clbits=1, operations=(Operation("H", (0,)), Operation("MEASURE", (0,), c=(0,))))
TURN = AQO(
    qubits=1,
    clbits=1,
    parameters=("theta",),
    operations=(Operation("RY", (0,), (Affine((("theta", 1.0),)),)), Operation("MEASURE", (0,), c=(0,))),
)


class ManyDevices(ScriptedDriver):
    """A driver with as many devices as there are snapshots of machines."""

    def devices(self) -> tuple[DeviceInfo, ...]:
        """Return 75 devices."""
        return tuple(replace(SCRIPTED_DEVICE, device_id=f"many:machine{place:03}") for place in range(75))


@pytest.fixture
def driver() -> ScriptedDriver:
    return ScriptedDriver()


@pytest.fixture
async def manager(driver: ScriptedDriver) -> AsyncIterator[LocalDriverManager]:
    async with LocalDriverManager({driver.name: driver}) as opened:
        yield opened


def bell(**changes: Any) -> ExecutionRequest:
    return execution_request("scripted:device", BELL, **{"shots": 1024, **changes})


async def test_it_finds_the_installed_drivers_by_itself() -> None:
    async with LocalDriverManager() as manager:
        assert manager.device("simulator").device_id == "sim:local"
        assert "sim:local" in [device.device_id for device in manager.devices()]
        assert manager.problems == ()


@pytest.mark.parametrize(
    ("target", "hint"), [("scripted:devise", "scripted:device"), ("qpu", "there is: scripted:device")]
)
async def test_an_unknown_target_is_told_with_the_nearest(manager: LocalDriverManager, target: str, hint: str) -> None:
    with pytest.raises(NotFoundError, match=target) as caught:
        manager.device(target)
    assert caught.value.reason == "UNKNOWN_TARGET"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("many:machine07", r"did you mean many:machine07\d\?"),
        ("many:machxxne", r"did you mean (many:machine\d+( or |\?)){3} `eigen devices` lists all"),
        ("qpu", "`eigen devices` lists all 75"),
    ],
)
async def test_where_there_are_many_devices_only_the_nearest_are_named(target: str, hint: str) -> None:
    """A list of all would hide what is told."""
    many = ManyDevices()
    async with LocalDriverManager({many.name: many}) as manager:
        with pytest.raises(NotFoundError) as caught:
            manager.device(target)
    assert re.fullmatch(hint, caught.value.hint)


async def test_good_counts_pass(manager: LocalDriverManager, driver: ScriptedDriver) -> None:
    [result] = await manager.execute(bell())
    assert result.counts == {"00": 512, "11": 512}
    assert len(driver.requests) == 1


async def test_counts_come_in_order_of_bitstring(manager: LocalDriverManager, driver: ScriptedDriver) -> None:
    driver.answer({"11": 1, "00": 2, "10": 3})
    [result] = await manager.execute(bell(shots=6))
    assert list(result.counts) == ["00", "10", "11"]


@pytest.mark.parametrize(
    "counts",
    [
        {"00": 1023},
        {"00": 1025},
        {},
        {"0": 1024},
        {"000": 1024},
        {"0 0": 1024},
        {"02": 1024},
        {"00": 1025, "11": -1},
        {"00": 1024, "11": 0},
        {"00": 1024.0},
        {"00": True, "11": 1023},
        {"٠٠": 1024},
    ],
)
async def test_counts_that_cannot_be_right_never_pass(
    manager: LocalDriverManager, driver: ScriptedDriver, counts: Mapping[str, Any]
) -> None:
    driver.answer(counts)
    with pytest.raises(InternalError) as caught:
        await manager.execute(bell())
    assert caught.value.reason == "DRIVER_BROKE_PROMISE"


@pytest.mark.parametrize(
    ("bindings", "reason"),
    [
        ((), "BINDINGS_EMPTY"),
        (({},), "PARAMETER_UNBOUND"),
        (({"theta": 1.0, "phi": 2.0},), "PARAMETER_UNKNOWN"),
        (({"theta": math.nan},), "PARAMETER_NOT_FINITE"),
        (({"theta": 1.0}, {"theta": math.inf}), "PARAMETER_NOT_FINITE"),
        (({"theta": 10**400},), "PARAMETER_NOT_FINITE"),
        (({"theta": "1"},), "PARAMETER_NOT_FINITE"),
        (({"theta": True},), "PARAMETER_NOT_FINITE"),
    ],
)
async def test_a_wrong_binding_never_reaches_the_driver(
    manager: LocalDriverManager, driver: ScriptedDriver, bindings: Any, reason: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await manager.execute(execution_request("scripted:device", TURN, bindings=bindings))
    assert caught.value.reason == reason
    assert driver.requests == []


_COUPLED = {"connectivity": ((0, 1), (1, 2))}
_TWICE = Operation("H", (0,))
NEEDY = {
    "the gate cx": (BELL, {"gates": ("h",)}),
    "measurement in the middle of a circuit": (
        AQO(qubits=2, clbits=2, operations=(READ, _TWICE)),
        {"mid_circuit_measurement": False},
    ),
    "a coupling for the gates on the qubits 0 and 3 (and on 1 more pairs)": (
        AQO(
            qubits=4,
            clbits=2,
            operations=(
                Operation("CX", (0, 1)),
                Operation("CCX", (3, 1, 0)),
                Operation("BARRIER", (0, 2)),
                Operation("MEASURE", (0, 2), c=(0, 1)),
            ),
        ),
        _COUPLED,
    ),
    "reset": (AQO(qubits=2, clbits=2, operations=(Operation("RESET", (0,)), READ)), {"reset": False}),
    "feed-forward": (
        AQO(qubits=2, clbits=2, operations=(Operation("X", (0,), condition=Condition((0,), 0)), READ)),
        {"feed_forward": False},
    ),
}


@pytest.mark.parametrize("lacks", NEEDY)
async def test_what_a_device_lacks_is_named(lacks: str) -> None:
    circuit, device_lacks = NEEDY[lacks]
    driver = ScriptedDriver(replace(SCRIPTED_DEVICE, **device_lacks))
    able = ScriptedDriver(replace(SCRIPTED_DEVICE, device_id="able:device", routes=True, **_COUPLED))
    async with LocalDriverManager({"scripted": driver, "able": able}) as manager:
        with pytest.raises(UnimplementedError, match=re.escape(lacks)) as caught:
            await manager.execute(execution_request("scripted:device", circuit))
    assert caught.value.details["devices"] == ["able:device"]
    assert driver.requests == []


async def test_a_circuit_in_a_format_that_a_device_cannot_read_is_refused(
    manager: LocalDriverManager, driver: ScriptedDriver
) -> None:
    request = bell()
    odd = replace(request, payload=replace(request.payload, format=CircuitFormat.QASM3_TEXT))
    with pytest.raises(UnimplementedError, match="takes AQO_JSON, not QASM3_TEXT"):
        await manager.execute_many([request, odd])
    assert driver.requests == []


async def test_several_circuits_of_one_call_have_their_results_in_order(
    manager: LocalDriverManager, driver: ScriptedDriver
) -> None:
    turn = execution_request("scripted:device", TURN, shots=4, bindings=({"theta": 0.0}, {"theta": math.pi}))
    found = await manager.execute_many([bell(), turn])
    assert [[one.counts for one in some] for some in found] == [[{"00": 512, "11": 512}], [{"0": 4}, {"1": 4}]]


async def test_a_driver_that_loses_a_circuit_breaks_its_promise() -> None:
    class Losing(ScriptedDriver):
        async def execute_many(self, requests: Any) -> Any:
            return (await super().execute_many(requests))[1:]

    async with LocalDriverManager({"scripted": Losing()}) as manager:
        with pytest.raises(InternalError, match="results of 1 circuits for 2"):
            await manager.execute_many([bell(), bell()])


@pytest.mark.parametrize(
    "changes",
    [
        {"expectation_values": {"other": (0.5, 0.0)}},
        {"expectation_values": {"z": (0.5 + 0j, 0.0)}},
        {"expectation_values": {"z": ("0.5", 0.0)}},
        {"expectation_values": {"z": (math.nan, 0.0)}},
        {"expectation_values": {"z": 0.5}},
        {"expectation_values": {"z": None}},
        {"expectation_values": None},
        {"counts": {0: 8}},
        {"counts": {b"0": 8}},
        {"counts": ["0"]},
        {"counts": None},
        {"execution_time_sec": "1"},
        {"execution_time_sec": None},
        {"execution_time_sec": math.inf},
        {"metadata": None},
        {"metadata": {"x": math.nan}},
        {"metadata": {"x": object()}},
        {"metadata": {"x": 2**70}},
        {"metadata": {"x": "\ud800"}},
    ],
)
async def test_results_of_a_wrong_shape_are_the_drivers_defect(changes: Mapping[str, Any]) -> None:
    measured = replace(COIN, observables={"z": (PauliTerm("Z", (0,), 1.0),)})
    right = ExecutionResult(counts={"0": 8}, execution_time_sec=0.0, expectation_values={"z": (0.5, 0.0)})
    await _answered(measured, (right,))
    with pytest.raises(InternalError) as caught:
        await _answered(measured, (replace(right, **changes),))
    assert caught.value.reason == "DRIVER_BROKE_PROMISE"


@pytest.mark.parametrize(
    ("value", "std_error", "is_right"),
    [
        (2.5, 0.0, True),
        (-2.5, 0.0, True),
        (2.5 + 1e-7, 0.0, True),
        (2.5001, 0.0, False),
        (-2.5001, 0.0, False),
        (math.inf, 0.0, False),
        (2.9, 0.1, True),
        (4.0, 0.1, False),
    ],
)
async def test_a_value_beyond_what_any_state_has_is_the_drivers_defect(
    value: float, std_error: float, is_right: bool
) -> None:
    """Of Z/2 - 2 XY no state has more than 2.5; what was measured may be beyond it by its error."""
    terms = (PauliTerm("Z", (0,), 0.5), PauliTerm("XY", (0, 1), -2.0))
    state = replace(BELL, clbits=0, operations=BELL.operations[:2], observables={"e": terms})
    found = ExecutionResult(counts={}, execution_time_sec=0.0, expectation_values={"e": (value, std_error)})
    if is_right:
        await _answered(state, (found,))
    else:
        with pytest.raises(InternalError) as caught:
            await _answered(state, (found,))
        assert caught.value.reason == "DRIVER_BROKE_PROMISE"


@pytest.mark.parametrize("answer", [None, iter(()), {"counts": {"0": 8}}, ({"counts": {"0": 8}},)])
async def test_what_is_no_result_at_all_is_the_drivers_defect(answer: Any) -> None:
    with pytest.raises(InternalError) as caught:
        await _answered(COIN, answer)
    assert caught.value.reason == "DRIVER_BROKE_PROMISE"


async def test_counts_of_a_circuit_that_measures_nothing_are_the_drivers_defect() -> None:
    still = replace(COIN, clbits=0, operations=COIN.operations[:1], observables={"z": (PauliTerm("Z", (0,), 1.0),)})
    made_up = ExecutionResult(counts={"": 8}, execution_time_sec=0.0, expectation_values={"z": (0.0, 0.0)})
    with pytest.raises(InternalError, match="measures nothing"):
        await _answered(still, (made_up,))


async def _answered(circuit: AQO, answer: Any) -> None:
    class Odd(ScriptedDriver):
        async def execute(self, request: ExecutionRequest) -> Any:
            return answer

    odd = Odd(device=replace(SCRIPTED_DEVICE, expectation_values=True))
    async with LocalDriverManager({"scripted": odd}) as manager:
        await manager.execute(execution_request("scripted:device", circuit, shots=8))


async def test_what_has_a_calibration_renews_it_and_what_has_none_says_so(
    manager: LocalDriverManager, driver: ScriptedDriver
) -> None:
    driver.go_offline("maintenance")
    assert (await manager.calibrate("scripted:device")).reason == "maintenance"
    assert driver.calibrated == 1
    async with LocalDriverManager({"sim": SimDriver()}) as simulators:
        with pytest.raises(UnimplementedError, match="no calibration") as caught:
            await simulators.calibrate("sim")
    assert caught.value.reason == "DEVICE_CALIBRATION"


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"shots": 0}, InvalidArgumentError, "SHOTS"),
        ({"shots": 1_000_001}, ResourceExhaustedError, "SHOTS"),
        ({"noise_model": "depolarizing:0.1"}, UnimplementedError, "DEVICE_CAPABILITY"),
    ],
)
async def test_options_beyond_the_device_are_refused(
    manager: LocalDriverManager, changes: dict[str, Any], kind: type[EigenError], reason: str
) -> None:
    options = ExecutionOptions(**{"shots": 10, "seed": 1, **changes})
    with pytest.raises(kind) as caught:
        manager.admit("scripted:device", profile(BELL), options)
    assert caught.value.reason == reason


@pytest.mark.parametrize("driver_options", [{}, {"an option": 1}])
async def test_too_many_qubits_are_refused_with_the_figures_whatever_the_options(
    manager: LocalDriverManager, driver: ScriptedDriver, driver_options: Mapping[str, Any]
) -> None:
    wide = execution_request(
        "scripted:device", AQO(qubits=40, clbits=2, operations=(READ,)), driver_options=driver_options
    )
    with pytest.raises(ResourceExhaustedError, match=r"40 qubits.*32"):
        manager.admit(wide.device_id, wide.payload.profile, wide.options)
    with pytest.raises(ResourceExhaustedError, match=r"40 qubits.*32"):
        await manager.execute_many([bell(), wide])
    assert driver.requests == []


async def test_a_circuit_that_asks_for_nothing_is_refused(manager: LocalDriverManager) -> None:
    silent = AQO(qubits=1, clbits=0, operations=(Operation("H", (0,)),))
    with pytest.raises(InvalidArgumentError) as caught:
        manager.admit("scripted:device", profile(silent), ExecutionOptions(shots=1, seed=1))
    assert caught.value.reason == "NO_MEASUREMENT"


async def test_an_error_of_the_tree_passes_as_it_is(manager: LocalDriverManager, driver: ScriptedDriver) -> None:
    warm = UnavailableError("the cryostat is warm", reason="WARM")
    driver.fail(warm)
    with pytest.raises(UnavailableError) as caught:
        await manager.execute(bell())
    assert caught.value is warm
    assert (await manager.execute(bell()))[0].counts


async def test_a_foreign_error_does_not_pass(manager: LocalDriverManager, driver: ScriptedDriver) -> None:
    driver.fail(RuntimeError("/home/vendor/secret"))
    with pytest.raises(InternalError) as caught:
        await manager.execute(bell())
    assert caught.value.reason == "DRIVER_FAILED"
    assert "secret" not in str(caught.value.to_json())


async def test_a_cancelled_execution_is_cancelled_in_the_driver(
    manager: LocalDriverManager, driver: ScriptedDriver
) -> None:
    driver.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(manager.execute, bell())
        await driver.started()
        tasks.cancel_scope.cancel()
    assert (driver.cancelled, driver.running) == (1, 0)


async def test_preparing_reaches_the_driver_and_unknown_devices_are_ignored(
    manager: LocalDriverManager, driver: ScriptedDriver
) -> None:
    await manager.prepare("scripted:device")
    await manager.prepare("no:such")
    assert driver.prepared == 1


async def test_the_state_of_a_device_is_its_drivers_word(manager: LocalDriverManager, driver: ScriptedDriver) -> None:
    assert (await manager.status("scripted:device")).state is DeviceState.ONLINE
    driver.go_offline("maintenance")
    status = await manager.status("scripted:device")
    assert (status.state, status.reason) == (DeviceState.OFFLINE, "maintenance")


class UnopenableDriver(ScriptedDriver):
    """A driver whose vendor's service is down."""

    name = "down"

    async def __aenter__(self) -> UnopenableDriver:
        raise ConnectionError("no route to host")


async def test_a_driver_that_cannot_be_opened_costs_only_its_devices(driver: ScriptedDriver) -> None:
    async with LocalDriverManager({"down": UnopenableDriver(), "scripted": driver}) as manager:
        assert [device.device_id for device in manager.devices()] == ["scripted:device"]
        assert manager.problems[0].name == "down"
        with pytest.raises(NotFoundError, match="no route to host"):
            manager.device("down:device")


async def test_one_device_id_belongs_to_one_driver(driver: ScriptedDriver) -> None:
    async with LocalDriverManager({"scripted": driver, "thief": ScriptedDriver()}) as manager:
        await manager.execute(bell())
        assert [problem.name for problem in manager.problems] == ["thief"]
    assert len(driver.requests) == 1


async def test_many_counts_are_checked_without_holding_the_loop(
    manager: LocalDriverManager, driver: ScriptedDriver
) -> None:
    wide = AQO(qubits=17, clbits=17, operations=(Operation("MEASURE", tuple(range(17)), c=tuple(range(17))),))
    driver.answer({f"{number:017b}": 1 for number in range(2**17)})
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count_turns)
        await manager.execute(execution_request("scripted:device", wide, shots=2**17))
        tasks.cancel_scope.cancel()
    assert turns > 2**17 // 5_000
