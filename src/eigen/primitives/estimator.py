"""`EigenEstimator`: Qiskit's estimator on Eigen jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.primitives import BaseEstimatorV2, DataBin, EstimatorPubLike, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from eigen.client.sync import Client
from eigen.contracts.results import JobResults
from eigen.primitives.bindings import columns_of, portions, sweep
from eigen.primitives.effort import effort_of, mean
from eigen.primitives.job import EigenPrimitiveJob
from eigen.primitives.observables import AskedPoints, DistinctObservables, asked_points, name_of
from eigen.primitives.options import PrimitiveOptions
from eigen.primitives.seeds import Seed
from eigen.primitives.session import OwnsSession, PlannedPub, Session

__all__ = ["EigenEstimator"]

_NAME = "estimator"


class EigenEstimator(OwnsSession, BaseEstimatorV2):  # type: ignore[misc]  # Qiskit has no types
    """Expectation values of circuits, in Qiskit's containers.

    A PUB is one job, where all observables are asked at all bindings; else one for each different set of observables.

    A precision of 0 asks for the exact value. Where the device has none, or measurements, resets or conditions decide
    the state, the value is sampled all the same; `stds` and the metadata say so. A precision above 0 is a bound: as
    many shots are taken as keep the standard error within it whatever the state is, and `stds` has what came of it.

    Args:
        client: An open `eigen.Client`; None for one on the default root, which opens with the first call.
        target: Device, such as `sim:local`.
        default_precision: Where neither the PUB nor `run` says which.
        seed: As of `EigenSampler`.
        options: How jobs are made; `PrimitiveOptions`, or some of them by name.

    Raises:
        InvalidArgumentError: An argument is wrong.

    Example:
        >>> import eigen, tempfile
        >>> from qiskit import QuantumCircuit
        >>> bell = QuantumCircuit(2)
        >>> _ = bell.h(0), bell.cx(0, 1)
        >>> with tempfile.TemporaryDirectory() as root, eigen.Client(root) as client:
        ...     result = EigenEstimator(client).run([(bell, ["ZZ", "XX", "YY"])]).result()
        >>> [round(float(value), 6) for value in result[0].data.evs]
        [1.0, 1.0, -1.0]
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        target: str = "sim:local",
        default_precision: float = 0.0,
        seed: Seed = None,
        options: PrimitiveOptions | Mapping[str, Any] | None = None,
    ) -> None:
        self._session = Session(client, target=target, seed=seed, options=options)
        self._default_precision = default_precision

    @property
    def default_precision(self) -> float:
        """Precision where nobody says which."""
        return self._default_precision

    def run(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> EigenPrimitiveJob[PubResult]:
        """Begin to estimate, and return at once.

        Args:
            pubs: Tuples `(circuit, observables, parameter values, precision)`; the last two may be left out.
            precision: For the PUBs that do not say which.

        Raises:
            EigenError: A circuit or a value cannot be taken.
            ValueError, TypeError: Qiskit's own, for what is no PUB.
        """
        precision = self._default_precision if precision is None else precision
        coerced = [EstimatorPub.coerce(pub, precision) for pub in pubs]
        return self._session.begin(_NAME, [self._planned(pub) for pub in coerced])

    def _planned(self, pub: EstimatorPub) -> PlannedPub[PubResult]:
        observables = DistinctObservables(pub.observables.sparse_observables_array())
        numbers = np.arange(pub.parameter_values.size).reshape(pub.parameter_values.shape)
        asked = np.broadcast_arrays(numbers, observables.places)
        known = self._session.circuits.circuit(pub.circuit)
        columns = columns_of(pub.parameter_values, pub.circuit.parameters, known.read)
        jobs, parts = [], []
        for together in asked_points(*asked):
            terms = observables.terms(together.observables)
            effort = effort_of(terms.values(), pub.precision)
            has_points = not columns and numbers.size * effort.repeats > 1
            loaded = known.job(
                _NAME, observables=terms, key=observables.key(together.observables), has_points=has_points
            )
            points = np.repeat(together.points, effort.repeats)
            for part in portions(len(points), num_columns=len(columns), shots=effort.shots):
                values = {"sweep": sweep(columns, points[part], has_points=has_points)}
                jobs.append((loaded, values | effort.spec_values()))
                parts.append(AskedPoints(points[part], together.observables))
        return PlannedPub(jobs=jobs, assemble=partial(_result, pub, asked, parts))


def _result(
    pub: EstimatorPub, asked: Sequence[NDArray[np.int64]], parts: Sequence[AskedPoints], results: Sequence[JobResults]
) -> PubResult:
    found: dict[tuple[int, int], list[Mapping[str, float]]] = {}
    for part, one in zip(parts, results, strict=True):
        of_points = [point.expectation_values for point in one.results] or [one.expectation_values]
        for point, values in zip(part.points.tolist(), of_points, strict=True):
            for number in part.observables:
                found.setdefault((point, number), []).append(values[name_of(number)])
    wanted = [mean(found[pair]) for pair in zip(*(one.ravel().tolist() for one in asked), strict=True)]
    evs, stds = np.array(wanted, dtype=np.float64).reshape(-1, 2).T
    metadata = {
        "target_precision": pub.precision,
        "circuit_metadata": pub.circuit.metadata,
        "total_shots": sum(one.shots * max(len(one.results), 1) for one in results),
        "estimation": results[0].metadata["estimation"] if results else {},
        "job_ids": [one.job_id for one in results],
    }
    return PubResult(DataBin(evs=evs.reshape(pub.shape), stds=stds.reshape(pub.shape), shape=pub.shape), metadata)
