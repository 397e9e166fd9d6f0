"""Circuits of 2 to 1,000 qubits on every simulator of this machine, beside the bare libraries; a thousand small jobs.

Rows are measured in turns within one run: round k of every column comes before round k + 1 of any; a figure is the best
of its rounds. A device's time is that of a request to its driver, worker process included, warm; the circuit is sent
and prepared anew each time, as a bare library builds it anew. `overhead` is what a request to sim:auto takes beside the
engine's own time: the way to the worker and back, reading and lowering the circuit. Peak memory is the worker's above
its rest.

Circuits of up to 12 qubits, which take little, get five times the rounds.

Usage: `python benchmarks/devices.py [--rows FAMILY] [--most-qubits N] [--rounds N] [--write FILE]`
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

THREADS = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
os.environ.update({"OMP_NUM_THREADS": THREADS, "OMP_WAIT_POLICY": "PASSIVE", "RAYON_NUM_THREADS": "1"})

import anyio  # noqa: E402  # behind the threads' variables, which libraries read when they are imported

from eigen.contracts.aqo import AQO, Affine, Angle, Operation, profile  # noqa: E402
from eigen.contracts.execution import ExecutionOptions, ExecutionRequest  # noqa: E402
from eigen.drivers.sim import SimDriver  # noqa: E402
from eigen.testing.driver_conformance import execution_request  # noqa: E402

SHOTS = 1_024
LONG_SEC = 5.0
SMALL_JOBS = 1_000
MOST_QUBITS_OF_BARE_AER = 50
MOST_QUBITS_OF_SMALL_ROWS = 12
ENGINES = ("local", "qulacs", "stim", "qsim")


def measured(operations: list[Operation], qubits: int) -> AQO:
    """Return a circuit that ends by measuring every qubit."""
    every = tuple(range(qubits))
    return AQO(qubits=qubits, clbits=qubits, operations=(*operations, Operation("MEASURE", every, c=every)))


def ghz(qubits: int) -> AQO:
    """Return a chain of cx behind one h."""
    return measured([Operation("H", (0,)), *(Operation("CX", (one, one + 1)) for one in range(qubits - 1))], qubits)


def fourier(qubits: int) -> AQO:
    """Return the Fourier transform of a product state that is nowhere 0 or 1."""
    chance = random.Random(1)
    operations = [Operation("RY", (qubit,), (chance.uniform(0.3, 2.8),)) for qubit in range(qubits)]
    for target in reversed(range(qubits)):
        operations.append(Operation("H", (target,)))
        operations += [Operation("CP", (one, target), (math.pi / 2 ** (target - one),)) for one in range(target)]
    return measured(operations, qubits)


def layers(qubits: int, depth: int = 20) -> AQO:
    """Return random rotations of every qubit and cx between neighbours, in turns."""
    chance = random.Random(1)
    operations = []
    for layer in range(depth):
        operations += [Operation("U", (one,), tuple(chance.uniform(0, 6) for _ in range(3))) for one in range(qubits)]
        operations += [Operation("CX", (one, one + 1)) for one in range(layer % 2, qubits - 1, 2)]
    return measured(operations, qubits)


def shallow(qubits: int) -> AQO:
    """Return four layers: a Schmidt rank of 4."""
    return layers(qubits, 4)


FAMILIES: Mapping[str, tuple[Callable[[int], AQO], tuple[int, ...]]] = {
    "GHZ": (ghz, (2, 8, 16, 26, 1_000)),
    "QFT": (fourier, (4, 8, 16, 20, 24, 26)),
    "layers": (layers, (2, 4, 8, 12, 16, 18, 20, 24)),
    "shallow": (shallow, (30, 50)),
}


def number(angle: Angle) -> float:
    """Return an angle that is a number."""
    assert not isinstance(angle, Affine)
    return angle


def bare_aer(circuit: AQO) -> None:
    """Call `AerSimulator.run` of a Qiskit circuit, no transpilation, the method that `sim:local` would choose."""
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

    from eigen.drivers.aer.simulator import choose

    made = QuantumCircuit(circuit.qubits, circuit.clbits)
    for one in circuit.operations:
        if one.op == "MEASURE":
            made.measure(one.q, one.c)
        else:
            getattr(made, one.op.lower())(*one.params, *one.q)
    method = choose(profile(circuit), 2**40).method
    threads = int(THREADS) if circuit.qubits >= 16 and method == "statevector" else 1
    simulator = AerSimulator(method=method, max_parallel_threads=threads)
    assert sum(simulator.run(made, shots=SHOTS, seed_simulator=1).result().get_counts().values()) == SHOTS


def bare_qulacs(circuit: AQO) -> None:
    """Run a circuit of Qulacs' own gates, `update_quantum_state` and `sampling`."""
    import qulacs

    made = qulacs.QuantumCircuit(circuit.qubits)
    for one in circuit.operations:
        if one.op == "CP":
            gate = qulacs.gate.to_matrix_gate(qulacs.gate.U1(one.q[1], number(one.params[0])))
            gate.add_control_qubit(one.q[0], 1)
            made.add_gate(gate)
        elif one.op != "MEASURE":
            names = {"H": "add_H_gate", "CX": "add_CNOT_gate", "U": "add_U3_gate", "RY": "add_RotY_gate"}
            getattr(made, names[one.op])(*one.q, *one.params)
    state = qulacs.QuantumState(circuit.qubits)
    made.update_quantum_state(state)
    assert len(state.sampling(SHOTS, 1)) == SHOTS


def bare_stim(circuit: AQO) -> None:
    """Run a circuit of Stim's and its sampler."""
    import stim

    made = stim.Circuit()
    for one in circuit.operations:
        made.append("M" if one.op == "MEASURE" else one.op, one.q)
    assert len(made.compile_sampler(seed=1).sample(SHOTS, bit_packed=True)) == SHOTS


def bare_qsim(circuit: AQO) -> None:
    """Run a circuit of Cirq's and `QSimSimulator.run`."""
    import cirq
    import numpy as np
    from qsimcirq.qsim_simulator import QSimSimulator

    from eigen.contracts.gates import GATES

    line = cirq.LineQubit.range(circuit.qubits)
    plain = {"H": cirq.H, "CX": cirq.CNOT}
    made = cirq.Circuit()
    for one in circuit.operations:
        on = [line[qubit] for qubit in one.q]
        if one.op == "MEASURE":
            made.append(cirq.measure(*on, key="m"))
        elif one.op == "CP":
            made.append(cirq.CZPowGate(exponent=number(one.params[0]) / math.pi)(*on))
        elif one.op in plain:
            made.append(plain[one.op](*on))
        else:
            made.append(cirq.MatrixGate(np.array(GATES[one.op.lower()].unitary(*one.params)))(*on))
    simulator = QSimSimulator({"t": int(THREADS), "f": 4}, seed=1)
    assert len(simulator.run(made, repetitions=SHOTS).measurements["m"]) == SHOTS


BARE: Mapping[str, Callable[[AQO], None]] = {
    "local": bare_aer,
    "qulacs": bare_qulacs,
    "stim": bare_stim,
    "qsim": bare_qsim,
}


@dataclass(slots=True)
class Row:
    """Best times in seconds and peaks in bytes by column."""

    name: str
    engine: str = ""
    reason: str = ""
    times: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)

    def add(self, column: str, taken_sec: float) -> None:
        """Take a round's time."""
        self.times[column] = min(taken_sec, self.times.get(column, math.inf))

    def is_worth(self, column: str) -> bool:
        """Whether another round of a column is: long ones are measured once."""
        return self.times.get(column, 0.0) < LONG_SEC


def request(device: str, circuit: AQO, *, seed: int) -> ExecutionRequest:
    """Return a request whose circuit no worker holds."""
    made = execution_request(f"sim:{device}", circuit, shots=SHOTS, seed=seed)
    return replace(made, payload=replace(made.payload, digest=f"{made.payload.digest} {seed}"))


async def on_device(driver: SimDriver, device: str, circuit: AQO, row: Row, *, seed: int) -> None:
    """Measure one request, and what it took beside the engine's own time."""
    _forget_peaks(driver.process_ids)
    rest = {pid: _memory(pid, "VmRSS") for pid in driver.process_ids}
    asked = request(device, circuit, seed=seed)
    started = time.perf_counter()
    (result,) = await driver.execute(asked)
    taken_sec = time.perf_counter() - started
    row.add(f"sim:{device}", taken_sec)
    row.add(f"overhead of {device}", taken_sec - result.execution_time_sec)
    assert sum(result.counts.values()) == SHOTS
    peak = max(_memory(pid, "VmHWM") - rest.get(pid, 0) for pid in driver.process_ids)
    row.peaks[f"sim:{device}"] = max(peak, row.peaks.get(f"sim:{device}", 0))


def runs(engine: str, circuit: AQO, *, is_bare: bool) -> bool:
    """Whether an engine is asked for a row: those that would take minutes or cannot are not."""
    if engine == "stim" or (engine == "local" and circuit.qubits > MOST_QUBITS_OF_BARE_AER and not is_bare):
        return profile(circuit).is_clifford
    return circuit.qubits <= 26 or (engine == "local" and circuit.qubits <= MOST_QUBITS_OF_BARE_AER)


async def measure_row(driver: SimDriver, name: str, circuit: AQO, *, rounds: int) -> Row:
    """Measure a circuit in every column."""
    row = Row(name)
    admission = driver.admit("sim:auto", profile(circuit), ExecutionOptions(shots=SHOTS, seed=1))
    row.engine, row.reason = admission.method, admission.explanation
    bare = [engine for engine in ENGINES if runs(engine, circuit, is_bare=True)]
    devices = [engine for engine in ENGINES if runs(engine, circuit, is_bare=False)]
    for seed in range(rounds * 5 if circuit.qubits <= MOST_QUBITS_OF_SMALL_ROWS else rounds):
        for engine in bare:
            if row.is_worth(f"bare {engine}"):
                started = time.perf_counter()
                BARE[engine](circuit)
                row.add(f"bare {engine}", time.perf_counter() - started)
        for device in (*devices, "auto"):
            if row.is_worth(f"sim:{device}"):
                await on_device(driver, device, circuit, row, seed=seed)
    return row


async def measure_round_trip(driver: SimDriver) -> float:
    """Return what a request takes whose circuit the worker holds, beside the engine's own time, in seconds."""
    asked = execution_request("sim:auto", ghz(2), shots=SHOTS, seed=1)
    best = math.inf
    for _ in range(SMALL_JOBS):
        started = time.perf_counter()
        (result,) = await driver.execute(asked)
        best = min(best, time.perf_counter() - started - result.execution_time_sec)
    return best


async def measure_small_jobs(driver: SimDriver) -> list[tuple[str, float]]:
    """Return jobs per second of a thousand Bell circuits: bare loops that build each, and requests in flight."""
    bell = ghz(2)
    found = []
    for engine in ENGINES:
        started = time.perf_counter()
        for _ in range(SMALL_JOBS):
            BARE[engine](bell)
        found.append((f"bare {engine}", SMALL_JOBS / (time.perf_counter() - started)))
    for device in (*ENGINES, "auto"):
        one = execution_request(f"sim:{device}", bell, shots=SHOTS, seed=1)
        started = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for seed in range(SMALL_JOBS):
                tasks.start_soon(driver.execute, replace(one, options=replace(one.options, seed=seed)))
        found.append((f"sim:{device}", SMALL_JOBS / (time.perf_counter() - started)))
    return found


async def warmed(driver: SimDriver) -> None:
    """Start the workers, and import the bare libraries."""
    for engine in ENGINES:
        BARE[engine](ghz(2))
        await driver.execute(request(engine, ghz(2), seed=0))


def _memory(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def _forget_peaks(pids: tuple[int, ...]) -> None:
    for pid in pids:
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            return


def table(rows: list[Row]) -> list[str]:
    """Return the lines of the table."""
    columns = [f"{kind}{engine}" for engine in ENGINES for kind in ("bare ", "sim:")]
    head = ["circuit", *columns, "sim:auto", "engine", "overhead", "auto / best", "sim:local / bare", "peak MB"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        best = min(row.times[f"bare {engine}"] for engine in ENGINES if f"bare {engine}" in row.times)
        local = row.times.get("sim:local", math.nan) / row.times.get("bare local", math.nan)
        cells = [
            row.name,
            *(_text(row.times.get(column)) for column in columns),
            _text(row.times["sim:auto"]),
            row.engine,
            _text(row.times["overhead of auto"]),
            f"{row.times['sim:auto'] / best:.2f}",
            "" if math.isnan(local) else f"{local:.2f}",
            f"{row.peaks['sim:auto'] / 2**20:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _text(seconds: float | None) -> str:
    return "" if seconds is None else f"{1e3 * seconds:.3g}"


def report(rows: list[Row], jobs: list[tuple[str, float]], *, round_trip_sec: float) -> str:
    """Return the page."""
    packages = ("qiskit-aer", "qulacs", "stim", "qsimcirq", "numpy")
    reasons = {row.engine: row.reason for row in rows}
    return "\n".join(
        [
            "# Simulators beside the bare libraries",
            "",
            f"{platform.platform()}, Python {platform.python_version()}, {THREADS} cores; "
            + ", ".join(f"{one} {version(one)}" for one in packages),
            "",
            f"Milliseconds for {SHOTS} shots, the circuit built or prepared anew. "
            f"The way to a worker that holds a circuit, and back, takes {1e3 * round_trip_sec:.2g} ms.",
            "",
            *table(rows),
            "",
            *(f"- `{engine}`: {reason}" for engine, reason in reasons.items()),
            "",
            "| a thousand Bell circuits | jobs per second |",
            "|---|---|",
            *(f"| {name} | {rate:.0f} |" for name, rate in jobs),
            "",
        ]
    )


async def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", choices=FAMILIES, help="one family of circuits only")
    parser.add_argument("--most-qubits", type=int, default=1_000, help="leave larger circuits out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="FILE")
    asked = parser.parse_args()
    families = {asked.rows: FAMILIES[asked.rows]} if asked.rows else FAMILIES
    rows = []
    async with SimDriver() as driver:
        await warmed(driver)
        round_trip_sec = await measure_round_trip(driver)
        jobs = await measure_small_jobs(driver)
        for name, (family, sizes) in families.items():
            for qubits in sizes:
                if qubits <= asked.most_qubits:
                    rows.append(await measure_row(driver, f"{name} {qubits}", family(qubits), rounds=asked.rounds))
                    print("\n".join(table(rows[-1:])[2:]), flush=True)
    text = report(rows, jobs, round_trip_sec=round_trip_sec)
    print(text)
    if asked.write:
        asked.write.write_text(text)


if __name__ == "__main__":
    anyio.run(main)
