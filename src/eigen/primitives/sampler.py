"""`EigenSampler`: Qiskit's sampler on Eigen jobs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from qiskit.primitives import BaseSamplerV2, DataBin, SamplerPubLike, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub

from eigen.client.sync import Client
from eigen.contracts.results import JobResults
from eigen.primitives.bindings import columns_of, portions, sweep
from eigen.primitives.bit_arrays import Registers, bit_arrays, registers_of
from eigen.primitives.job import EigenPrimitiveJob
from eigen.primitives.options import PrimitiveOptions
from eigen.primitives.seeds import Seed
from eigen.primitives.session import OwnsSession, PlannedPub, Session

__all__ = ["EigenSampler"]

_NAME = "sampler"


class EigenSampler(OwnsSession, BaseSamplerV2):  # type: ignore[misc]  # Qiskit has no types
    """Counts of circuits, in Qiskit's containers.

    A PUB is one job; its bindings are a sweep. Where nothing is measured there is nothing to run, and all bits are 0.

    Args:
        client: An open `eigen.Client`; None for one on the default root, which opens with the first call.
        target: Device, such as `sim:local`.
        default_shots: Where neither the PUB nor `run` says how many.
        seed: 0 to 2^53 − 1: equal calls give equal results, as with Qiskit's own. A generator gives each call a seed of
            its own. None: the kernel draws one for each job. All of them are recorded with the jobs.
        options: How jobs are made; `PrimitiveOptions`, or some of them by name.

    Raises:
        InvalidArgumentError: An argument is wrong.

    Example:
        >>> import eigen, tempfile
        >>> from qiskit import QuantumCircuit
        >>> bell = QuantumCircuit(2)
        >>> _ = bell.h(0), bell.cx(0, 1)
        >>> bell.measure_all()
        >>> with tempfile.TemporaryDirectory() as root, eigen.Client(root) as client:
        ...     result = EigenSampler(client, seed=1).run([bell], shots=100).result()
        >>> sorted(result[0].data.meas.get_counts())
        ['00', '11']
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        target: str = "sim:local",
        default_shots: int = 1024,
        seed: Seed = None,
        options: PrimitiveOptions | Mapping[str, Any] | None = None,
    ) -> None:
        self._session = Session(client, target=target, seed=seed, options=options)
        self._default_shots = default_shots

    @property
    def default_shots(self) -> int:
        """Shots where nobody says how many."""
        return self._default_shots

    def run(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> EigenPrimitiveJob[SamplerPubResult]:
        """Begin to sample, and return at once.

        Args:
            pubs: Circuits, or tuples `(circuit, parameter values, shots)`; the last two may be left out.
            shots: For the PUBs that do not say how many; 1 to 1,000,000.

        Raises:
            EigenError: A circuit or a value cannot be taken.
            ValueError, TypeError: Qiskit's own, for what is no PUB.
        """
        shots = self._default_shots if shots is None else shots
        coerced = [SamplerPub.coerce(pub, shots) for pub in pubs]
        if any(not pub.circuit.cregs for pub in coerced):
            warnings.warn(
                "a circuit has no classical register, so that its result is empty; measurements are missing?",
                UserWarning,
                stacklevel=2,
            )
        return self._session.begin(_NAME, [self._planned(pub) for pub in coerced])

    def _planned(self, pub: SamplerPub) -> PlannedPub[SamplerPubResult]:
        registers = registers_of(pub.circuit)
        jobs = self._jobs(pub) if pub.size else []
        return PlannedPub(jobs=jobs, assemble=partial(_result, pub, registers))

    def _jobs(self, pub: SamplerPub) -> list[tuple[Any, dict[str, Any]]]:
        known = self._session.circuits.circuit(pub.circuit)
        if not known.is_measured:
            return []
        columns = columns_of(pub.parameter_values, pub.circuit.parameters, known.read)
        has_points = not columns and pub.size > 1
        loaded = known.job(_NAME, observables={}, key=None, has_points=has_points)
        points = np.arange(pub.size)
        return [
            (loaded, {"shots": pub.shots, "sweep": sweep(columns, points[part], has_points=has_points)})
            for part in portions(pub.size, num_columns=len(columns), shots=pub.shots, clbits=pub.circuit.num_clbits)
        ]


def _result(pub: SamplerPub, registers: Registers, results: Sequence[JobResults]) -> SamplerPubResult:
    points = [point for one in results for point in (one.results or (one,))]
    arrays = bit_arrays(registers, points, shape=pub.shape, shots=pub.shots)
    metadata = {
        "shots": pub.shots,
        "circuit_metadata": pub.circuit.metadata,
        "job_ids": [one.job_id for one in results],
    }
    return SamplerPubResult(DataBin(**arrays, shape=pub.shape), metadata=metadata)
