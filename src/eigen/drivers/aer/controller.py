"""Circuits as Aer runs them: put into Aer's own form once, then handed to its controller for each run.

`AerSimulator.run` assembles the circuit and its options anew for each run, does so in a thread of its own, and builds
a result out of objects: several times what the simulation of a small circuit takes. The entry points behind it are
internal to qiskit-aer (they are alike in 0.17 and 0.18), so nothing rests on them: `are_as_known` holds them against
`run` before they are used, and `RunCircuit` does the same work by `run` alone.

Both give the controller's own output, `{"success", "status", "results": [{"success", "status", "data"}]}`, and equal
counts for equal seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.quantum_info import StabilizerState
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

from eigen.contracts.errors import InvariantError
from eigen.drivers.aer.assembly import assembled_plainly

__all__ = ["AssembledCircuit", "RunCircuit", "RunOptions", "are_as_known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to run a circuit once.

    Attributes:
        shots: Repetitions.
        seed: Seed of Aer's sampling.
        num_threads: Most threads.
        max_memory_mb: Most memory, as Aer counts it.
    """

    shots: int
    seed: int
    num_threads: int
    max_memory_mb: int


class AssembledCircuit:
    """A circuit in Aer's own form.

    Args:
        simulator: With the options that are the same for all runs.
        circuit: What to run; it may have parameters, each an angle by itself, and errors as instructions.
        misread: Errors of the readout, or None.
    """

    def __init__(self, simulator: AerSimulator, circuit: QuantumCircuit, misread: NoiseModel | None = None) -> None:
        from qiskit_aer.backends.aer_compiler import assemble_circuits, generate_aer_config
        from qiskit_aer.backends.backend_utils import LIBRARY_DIR

        plain = assembled_plainly(circuit) if misread is None else None
        if plain is not None:
            compiled, noise, index_map = [circuit], None, range(len(circuit.data))
            self._circuits = [plain]
        else:
            compiled, noise = simulator._compile([circuit], noise_model=misread)
            self._circuits, (index_map,) = assemble_circuits(compiled)
        self._noise = noise.to_dict(serializable=True) if noise is not None else {}
        self._circuits[0].circ_id = 0
        self._config = generate_aer_config(compiled, simulator.options)
        self._config.library_dir = LIBRARY_DIR
        self._controller = simulator._controller
        self._places = _places(compiled[0], index_map)

    def run(self, values: Mapping[Parameter, float], options: RunOptions) -> Mapping[str, Any]:
        """Run the circuit once with a value for each parameter."""
        config = self._config
        config.shots = options.shots
        config.seed_simulator = options.seed
        config.max_parallel_threads = options.num_threads
        config.max_memory_mb = options.max_memory_mb
        if self._places:
            config.parameterizations = [[(place, [values[parameter]]) for place, parameter in self._places]]
        output: Mapping[str, Any] = self._controller.execute(self._circuits, self._noise, config)
        return output


class RunCircuit:
    """A circuit that is run by `AerSimulator.run`; as `AssembledCircuit`."""

    def __init__(self, simulator: AerSimulator, circuit: QuantumCircuit, misread: NoiseModel | None = None) -> None:
        self._simulator = simulator
        self._misread = misread
        self._circuit = circuit

    def run(self, values: Mapping[Parameter, float], options: RunOptions) -> Mapping[str, Any]:
        """Run the circuit once with a value for each parameter."""
        bound = self._circuit.assign_parameters(values) if values else self._circuit
        job = self._simulator.run(
            bound,
            shots=options.shots,
            seed_simulator=options.seed,
            max_parallel_threads=options.num_threads,
            max_memory_mb=options.max_memory_mb,
            noise_model=self._misread,
        )
        output: Mapping[str, Any] = job.result().to_dict()
        return {**output, "results": [{**one, "data": _plain(one["data"])} for one in output["results"]]}


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an experiment gave with stabilizers as the controller tells them."""
    return {
        name: {"stabilizer": value.clifford.to_labels(mode="S")} if isinstance(value, StabilizerState) else value
        for name, value in data.items()
    }


def are_as_known(simulator: AerSimulator) -> bool:
    """Return whether the controller, called directly, gives what `AerSimulator.run` gives; costs a few milliseconds."""
    angle = Parameter("angle")
    try:
        return all(
            _counts(direct.run({angle: value}, options)) == _counts(public.run({angle: value}, options))
            for circuit in (_probe(angle, is_plain=True), _probe(angle, is_plain=False))
            for direct, public in ((AssembledCircuit(simulator, circuit), RunCircuit(simulator, circuit)),)
            for value, seed in ((0.3, 1), (2.0, 2**53 - 1))
            for options in (RunOptions(shots=100, seed=seed, num_threads=1, max_memory_mb=64),)
        )
    except Exception:  # noqa: BLE001  # whatever an internal entry point raises that is not what it was
        return False


def _probe(angle: Parameter, *, is_plain: bool) -> QuantumCircuit:
    """Return a circuit that is assembled here, or by Aer."""
    circuit = QuantumCircuit(2, 2)
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    if not is_plain:
        circuit.barrier()
    circuit.measure([0, 1], [1, 0])
    return circuit


def _counts(output: Mapping[str, Any]) -> Mapping[str, int]:
    counts: Mapping[str, int] = output["results"][0]["data"]["counts"]
    return counts


def _places(circuit: QuantumCircuit, index_map: Sequence[int]) -> list[tuple[tuple[int, int], Parameter]]:
    """Return where in Aer's circuit the value of which parameter goes: the operation's number, the angle's number."""
    places: list[tuple[tuple[int, int], Parameter]] = []
    for index, instruction in enumerate(circuit.data if circuit.num_parameters else ()):
        for position, angle in enumerate(instruction.params):
            if isinstance(angle, Parameter):
                places.append(((index_map[index], position), angle))
            elif isinstance(angle, ParameterExpression) and angle.parameters:
                raise InvariantError("a parameter is not an angle by itself")
    return places
