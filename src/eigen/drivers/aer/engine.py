"""Aer inside a worker process: prepares circuits, runs them, and believes nothing that Aer says without a check.

What Aer does in silence, and what is done about it here or before: NaN and infinite angles give counts (refused when
bound), no shots or no measurement give success (refused before), failure is a field of the result (checked, for the
job and the experiment), memory is compared with the machine's total (`max_memory_mb` and the worker's limit).

A circuit is put into Aer's own form once, see `controller`; where its measurements are its end, Aer is asked for the
probabilities or the stabilizers, and the counts are drawn from them, see `sampling` and `stabilizers`.

Options that do not change the distribution but cost time or memory are fixed: one circuit, one shot after another (the
random numbers of parallel shots would depend on the number of threads), no per-shot memory.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import decode
from eigen.contracts.errors import InternalError, ResourceExhaustedError
from eigen.contracts.gates import MEASURE
from eigen.contracts.noise import read_noise_model
from eigen.contracts.printable import printable
from eigen.drivers.aer.simulator import DEFAULT_METHOD, METHODS, PROBABILITIES, TABLEAU, AerMethod
from eigen.drivers.bit_flow import settled
from eigen.drivers.simulator.parts import checked_total, result_in_parts
from eigen.workers.engine import Engine

if TYPE_CHECKING:
    from eigen.drivers.aer.controller import AssembledCircuit, RunCircuit, RunOptions
    from eigen.drivers.aer.lowering import LoweredCircuit
    from eigen.drivers.aer.noise import AerNoise
    from eigen.drivers.simulator.sampling import Readout
    from eigen.estimation.grouping import MeasurementGroup
    from eigen.optimization.landscape import Landscape

__all__ = ["AerEngine"]

_MEMORY_WORDS = ("memory", "bad_alloc", "alloc")


_DIAGONAL_GATES = ("cp", "cz", "crz", "rzz")

_TRUNCATED_WEIGHT = 1e-16
"""What a matrix product state drops of each cut: less than rounding, so that it stays exact; its rank has no limit."""

_SAMPLING = {PROBABILITIES: "multinomial", TABLEAU: "affine"}


@dataclass(slots=True)
class _PreparedCircuit:
    """A circuit, and what was made of it.

    Attributes:
        circuit: What is run of it, see `bit_flow`.
        is_measured: Whether the program measures, be it under a condition that never holds.
        runnable: By method and noise.
    """

    circuit: AQO
    is_measured: bool
    runnable: dict[tuple[str, str], _Runnable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Runnable:
    """A circuit made ready for one method.

    Attributes:
        lowered: For Qiskit.
        assembled: For Aer, or None where that is to be done for each binding.
        readout: What is drawn from what Aer saves, or None where Aer counts.
        sampling: How the counts come about: `multinomial` from probabilities, `affine` from a tableau, `shots`, `none`
            where nothing is measured, or `constant` where no measurement ever runs.
        noise: What goes wrong, or None.
    """

    lowered: LoweredCircuit
    assembled: AssembledCircuit | RunCircuit | None
    readout: Readout | None
    sampling: str
    noise: AerNoise | None


class AerEngine(Engine):
    """Runs AQO on `qiskit_aer.AerSimulator`.

    Arguments of `run`: `method`, `shots`, `num_threads`, `max_memory_mb`, `bindings` and one of `seeds` for each;
    `noise_model` where there is noise.
    Parts: as in `eigen.drivers.simulator.parts`; `sampling` is `multinomial`, `affine`, `shots`,
    `constant` or `none`.
    """

    def __init__(self) -> None:
        self._simulators: dict[tuple[str, bool, bool], Any] = {}
        self._form: type[AssembledCircuit] | type[RunCircuit] | None = None

    @classmethod
    def preload(cls) -> None:
        """Import Qiskit and Aer, and make the simulator's tables."""
        from qiskit_aer import AerSimulator

        import eigen.drivers.aer.controller
        import eigen.drivers.aer.lowering  # noqa: F401  # both for the imports that they make

        AerSimulator(method="statevector")

    def prepare(self, content: bytes) -> _PreparedCircuit:
        """Read an AQO document; it is lowered when the method is known."""
        circuit = decode(content)
        return _PreparedCircuit(settled(circuit), is_measured=_is_measured(circuit))

    def run(self, prepared: _PreparedCircuit, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run the circuit once for each binding."""
        from eigen.drivers.aer.controller import RunOptions

        runnable = self._runnable(prepared, arguments["method"], arguments.get("noise_model", ""))
        for binding, seed in zip(arguments["bindings"], arguments["seeds"], strict=True):
            started = time.perf_counter()
            options = RunOptions(
                shots=arguments["shots"],
                seed=seed,
                num_threads=arguments["num_threads"],
                max_memory_mb=arguments["max_memory_mb"],
            )
            saved = self._saved(runnable, binding, options, method=arguments["method"])
            counts = _counts(runnable, saved, options)
            elapsed_sec = time.perf_counter() - started
            values = _expectation_values(prepared.circuit, runnable.lowered.labels, saved)
            end = {"execution_time_sec": elapsed_sec, "sampling": runnable.sampling}
            yield from result_in_parts(counts, width=prepared.circuit.clbits, values=values, end=end)

    def landscape(self, circuit: AQO, *, groups: Sequence[MeasurementGroup], arguments: Mapping[str, Any]) -> Landscape:
        """Return a circuit's energy as a function of its angles; arguments as of `run`, but for bindings and seeds."""
        from eigen.drivers.aer.controller import RunOptions
        from eigen.drivers.aer.landscape import AerLandscape
        from eigen.drivers.aer.lowering import LoweredCircuit

        method = arguments["method"]
        return AerLandscape(
            circuit,
            LoweredCircuit(circuit, METHODS[method]),
            groups=groups,
            assemble=lambda lowered: self._assembled(lowered, method, None),
            read=_data,
            options=RunOptions(
                shots=1,
                seed=0,
                num_threads=arguments["num_threads"],
                max_memory_mb=arguments["max_memory_mb"],
            ),
        )

    def _runnable(self, prepared: _PreparedCircuit, method: str, noise_model: str) -> _Runnable:
        from eigen.drivers.aer.lowering import LoweredCircuit

        if (method, noise_model) not in prepared.runnable:
            noise = self._noise(noise_model) if noise_model else None
            readout = _drawn_readout(prepared.circuit, METHODS[method], has_noise=noise is not None)
            lowered = LoweredCircuit(prepared.circuit, METHODS[method], readout=readout, noise=noise)
            assembled = self._assembled(lowered.template, method, noise) if lowered.template is not None else None
            sampling = _SAMPLING[METHODS[method].drawn_from] if readout else _sampling(prepared)
            prepared.runnable[method, noise_model] = _Runnable(lowered, assembled, readout, sampling, noise)
        return prepared.runnable[method, noise_model]

    def _noise(self, text: str) -> AerNoise:
        from eigen.drivers.aer.noise import AerNoise

        return AerNoise(read_noise_model(text))

    def _assembled(self, circuit: Any, method: str, noise: AerNoise | None) -> AssembledCircuit | RunCircuit:
        drops_idle = noise is None or not _has_branches(circuit)
        simulator = self._simulator(method, is_fused=not _is_diagonal(circuit), drops_idle=drops_idle)
        if self._form is None:
            from eigen.drivers.aer.controller import AssembledCircuit, RunCircuit, are_as_known

            is_known = are_as_known(self._simulator(DEFAULT_METHOD, is_fused=True, drops_idle=True))
            self._form = AssembledCircuit if is_known else RunCircuit
        return self._form(simulator, circuit, noise.readout if noise is not None else None)

    def _saved(
        self, runnable: _Runnable, binding: Mapping[str, float], options: RunOptions, *, method: str
    ) -> Mapping[str, Any]:
        """Return what Aer gives for one binding: counts, or what the circuit saves."""
        values = runnable.lowered.values(binding)
        assembled = runnable.assembled or self._assembled(runnable.lowered.bound(binding), method, runnable.noise)
        return _data(assembled.run(values, options if runnable.sampling == "shots" else replace(options, shots=1)))

    def _simulator(self, method: str, *, is_fused: bool, drops_idle: bool) -> Any:
        key = (method, is_fused, drops_idle)
        if key not in self._simulators:
            from qiskit_aer import AerSimulator

            self._simulators[key] = AerSimulator(
                method=method,
                precision="double",
                fusion_enable=is_fused,
                enable_truncation=drops_idle,
                matrix_product_state_truncation_threshold=_TRUNCATED_WEIGHT,
                max_parallel_experiments=1,
                max_parallel_shots=1,
                memory=False,
            )
        return self._simulators[key]


def _drawn_readout(circuit: AQO, method: AerMethod, *, has_noise: bool) -> Readout | None:
    """Return what is drawn from what the method saves, or None where Aer counts."""
    from eigen.drivers.simulator.sampling import MAX_QUBITS, readout_of

    if not method.drawn_from or (has_noise and not method.has_noisy_state):
        return None
    if method.drawn_from == PROBABILITIES and circuit.qubits > MAX_QUBITS:
        return None
    return readout_of(circuit)


def _is_measured(circuit: AQO) -> bool:
    return any(one.op == MEASURE for one in circuit.operations)


def _sampling(prepared: _PreparedCircuit) -> str:
    if _is_measured(prepared.circuit):
        return "shots"
    return "constant" if prepared.is_measured else "none"


def _is_diagonal(circuit: Any) -> bool:
    """Return whether most gates are diagonal on two qubits: Aer's kernels for these beat fused matrices."""
    counts: Mapping[str, int] = circuit.count_ops()
    return sum(counts.get(name, 0) for name in _DIAGONAL_GATES) > sum(counts.values()) / 2


def _has_branches(circuit: Any) -> bool:
    """Return whether anything is conditional: with noise Aer (0.18) then fails if it may drop idle qubits."""
    return "if_else" in circuit.count_ops()


def _data(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the one experiment gave, if it succeeded."""
    experiments = output["results"]
    if output["success"] and len(experiments) == 1 and experiments[0]["success"]:
        data: Mapping[str, Any] = experiments[0]["data"]
        return data
    said = "; ".join(dict.fromkeys(str(one.get("status")) for one in (*experiments, output)))
    if any(word in said for word in _MEMORY_WORDS):
        raise ResourceExhaustedError(
            "the simulation ran out of the memory that it was given",
            reason="DEVICE_MEMORY",
            hint="use fewer qubits, or a method that needs less memory",
        )
    raise InternalError(
        "Aer failed to simulate this circuit, and gave no counts",
        reason="ENGINE_FAILED",
        hint="choose another method (spec.driver_options.method) or another device; details.engine_said has its words",
        details={"engine_said": printable(said)},
    )


def _counts(runnable: _Runnable, saved: Mapping[str, Any], options: RunOptions) -> Mapping[int, int]:
    """Return counts by number of the classical bits."""
    if runnable.sampling == "none":
        return {}
    if runnable.sampling == "constant":
        return {0: options.shots}
    if runnable.readout is not None:
        counts = _drawn(runnable.readout, saved, options, noise=runnable.noise)
    else:
        counts = _counted(saved)
    return checked_total(counts, shots=options.shots)


def _counted(saved: Mapping[str, Any]) -> Mapping[int, int]:
    return {int(number, 16): count for number, count in saved.get("counts", {}).items()}


def _drawn(
    readout: Readout, saved: Mapping[str, Any], options: RunOptions, *, noise: AerNoise | None
) -> Mapping[int, int]:
    """Draw shots from a tableau and one shot, or from probabilities."""
    if TABLEAU in saved:
        from eigen.drivers.aer.stabilizers import affine_counts

        (outcome,) = _counted(saved)
        return affine_counts(saved[TABLEAU]["stabilizer"], outcome, readout, shots=options.shots, seed=options.seed)
    probabilities = saved[PROBABILITIES]
    if noise is not None:
        probabilities = noise.misread(probabilities)
    return readout.counts(probabilities, shots=options.shots, seed=options.seed)


def _expectation_values(circuit: AQO, labels: Mapping[str, str], saved: Mapping[str, Any]) -> dict[str, float]:
    """Return the values of a circuit's observables."""
    values = {}
    for name, terms in circuit.observables.items():
        constant = [one.coefficient for one in terms if not one.qubits]
        values[name] = math.fsum([*constant, float(saved[labels[name]])] if name in labels else constant)
    return values
