"""`results.json`: the final output of a job. Contract "CircuitPayload, ExecutionResult, JobResults".

**Bit order of every bitstring: Qiskit's.** The rightmost character is classical bit 0; every string is as wide as the
circuit has classical bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eigen.contracts.canonical import canonical_json
from eigen.contracts.jobs import JobState
from eigen.contracts.large_counts import read_results
from eigen.contracts.wire import from_json, to_json

__all__ = ["RERUN_OF", "JobResults"]

RERUN_OF = "eigen.os/rerun-of"
"""Annotation of a job that repeats another one: the other one's id; `provenance.rerun_of` has it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResults:
    """What a job gave.

    Attributes:
        job_id: The job.
        name: Its name.
        state: Its terminal state, `DONE`.
        counts: How often each bitstring came; the rightmost character is classical bit 0.
        shots: Repetitions; the sum of the counts.
        expectation_values: Name of observable to `{value, std_error}`.
        outputs: What the program returns.
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
    outputs: Mapping[str, Any] = field(default_factory=dict)
    execution_time_sec: float
    metadata: Mapping[str, Any] = field(default_factory=dict)
    timeline: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def probabilities(self) -> dict[str, float]:
        """Relative frequency of each bitstring."""
        return {bits: count / self.shots for bits, count in self.counts.items()}

    def to_json(self) -> dict[str, Any]:
        """Return `results.json` as JSON values."""
        document: dict[str, Any] = to_json(self)
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
