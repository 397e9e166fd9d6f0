"""`results.json`: the final output of a job. Contract "CircuitPayload, ExecutionResult, JobResults".

**Bit order of every bitstring: Qiskit's.** The rightmost character is classical bit 0; every string is as wide as the
circuit has classical bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import FailedPreconditionError, NotFoundError
from eigen.contracts.jobs import JobState
from eigen.contracts.large_counts import read_results
from eigen.contracts.printable import printable, quoted
from eigen.contracts.wire import from_json, to_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RERUN_OF", "JobResults", "SweepPoint"]

RERUN_OF = "eigen.os/rerun-of"
"""Annotation of a job that repeats another one: the other one's id; `provenance.rerun_of` has it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """What one point of a sweep gave.

    Attributes:
        binding: Value of each swept parameter.
        counts: How often each bitstring came.
        expectation_values: Name of observable to `{value, std_error}`.
        outputs: What the program returns.
        execution_time_sec: Time the backend took.
        seed: Seed of its sampling, derived from the job's and its place in the sweep.
    """

    binding: Mapping[str, float]
    counts: Mapping[str, int]
    expectation_values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    execution_time_sec: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResults:
    """What a job gave.

    Attributes:
        job_id: The job.
        name: Its name.
        state: Its terminal state: `DONE`, but for what a sweep that was stopped leaves.
        counts: How often each bitstring came; the rightmost character is classical bit 0. Empty for a sweep.
        shots: Repetitions; the sum of the counts, of each point for a sweep. Where nothing but expectation values is
            sampled, those of all circuits together; 0 where they are exact.
        expectation_values: Name of observable to `{value, std_error}`. Empty for a sweep.
        results: What each point of a sweep gave, in order; empty, and left out of `results.json`, without a sweep.
        outputs: What the program returns.
        optimizer: What the program's loop came to: `fun`, `std_error`, `x` by parameter, `nfev`, `njev`, `nit`,
            `method`, `success`, `message`, `history`; see `docs/hybrid.md`. Everything else is of the circuit at `x`
            then. Empty, and left out of `results.json`, without a loop.
        execution_time_sec: Time the backend took.
        metadata: `backend`, `method`, `seed`, versions.
        timeline: Stage to the UTC time at which it began.
        provenance: Digests of source, spec and circuit, versions, seed, device: what is needed to run it again.
    """

    job_id: str
    name: str
    state: JobState
    counts: Mapping[str, int]
    shots: int
    expectation_values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    results: tuple[SweepPoint, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    execution_time_sec: float
    metadata: Mapping[str, Any] = field(default_factory=dict)
    timeline: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def probabilities(self) -> dict[str, float]:
        """Relative frequency of each bitstring."""
        return {bits: count / self.shots for bits, count in self.counts.items()}

    def counts_by(self, *parameters: str) -> dict[Any, Mapping[str, int]]:
        """Return the counts of a sweep's points by the value of a parameter, or by a tuple of the values of several.

        Raises:
            FailedPreconditionError: The job is no sweep, or two points have the same values.
            NotFoundError: The sweep has no such parameter.
        """
        columns = [[one.binding[self._swept(name)] for one in self._points()] for name in parameters]
        keys = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
        if len(set(keys)) < len(self.results):
            raise FailedPreconditionError(
                f"several points of the sweep have the same {printable(' and '.join(parameters)) or 'values'}",
                reason="SWEEP_AMBIGUOUS",
                hint=f"name all parameters that tell them apart: {printable(', '.join(self.results[0].binding))}",
            )
        return {key: point.counts for key, point in zip(keys, self.results, strict=True)}

    def parameter_array(self, name: str) -> NDArray[np.float64]:
        """Return a swept parameter's value at each point, float64 of shape (points,); errors as `counts_by`."""
        return self._array(one.binding[self._swept(name)] for one in self._points())

    def expectation_array(self, name: str) -> NDArray[np.float64]:
        """Return an observable's value at each point, float64 of shape (points,); errors as `counts_by`."""
        return self._array(one.expectation_values[self._observed(name)]["value"] for one in self._points())

    def std_error_array(self, name: str) -> NDArray[np.float64]:
        """Return the standard errors of `expectation_array`, float64 of shape (points,); 0 for exact values."""
        return self._array(one.expectation_values[self._observed(name)]["std_error"] for one in self._points())

    def _points(self) -> tuple[SweepPoint, ...]:
        if not self.results:
            raise FailedPreconditionError(
                "the job was no sweep", reason="NO_SWEEP", hint="take counts and expectation_values of the results"
            )
        return self.results

    def _swept(self, name: str) -> str:
        return _known(name, self._points()[0].binding, "swept parameter")

    def _observed(self, name: str) -> str:
        return _known(name, self._points()[0].expectation_values, "observable")

    @staticmethod
    def _array(values: Iterable[float]) -> NDArray[np.float64]:
        import numpy as np

        return np.fromiter(values, dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        """Return `results.json` as JSON values."""
        document: dict[str, Any] = to_json(self)
        for name in ("results", "optimizer"):
            if not document[name]:
                del document[name]
        return document

    def to_bytes(self) -> bytes:
        """Return `results.json`, canonical and byte-stable."""
        return canonical_json(self.to_json())

    @staticmethod
    def from_bytes(content: bytes) -> JobResults:
        """Return the results that `to_bytes` wrote; a thread that reads very many lets others take their turn."""
        return JobResults.from_json(read_results(content))

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> JobResults:
        """Return the results that `to_json` wrote."""
        return from_json(JobResults, document)


def _known(name: str, known: Mapping[str, Any], what: str) -> str:
    if name not in known:
        raise NotFoundError(
            f"there is no {what} {quoted(name)}",
            reason="RESULT_UNKNOWN",
            hint=f"there is: {printable(', '.join(known)) or 'none'}",
        )
    return name
