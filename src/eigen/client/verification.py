"""A finished job against the exact distribution of its circuit, from its stored files alone.

For small circuits on devices without noise: a p-value below 10⁻³ or so says that the counts, the circuit or the device
are not what they claim to be.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from eigen.contracts.errors import FailedPreconditionError

if TYPE_CHECKING:
    from eigen.contracts.results import JobResults
    from eigen.ports.job_reads import JobReads
    from eigen.verification.comparison import Comparison

__all__ = ["Verification", "verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How a job's counts agree with its circuit.

    Attributes:
        p_value: Chance of counts at least as far off where nothing is wrong, 0 to 1; for a sweep the least one of
            its points times their number (Bonferroni).
        points: Of each point: its p-value, chi-square, degrees of freedom, and outcomes that cannot come.
    """

    p_value: float
    points: tuple[Comparison, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"p_value": self.p_value, "points": [asdict(one) for one in self.points]}


async def verified(api: JobReads, job_id: str) -> Verification:
    """Compare the counts of a job that is DONE with the exact distribution of its compiled circuit, without noise.

    Raises:
        FailedPreconditionError: The job is not DONE, has no counts, or noise was asked for.
        ResourceExhaustedError: The circuit is too large for that.
    """
    results = await api.get_job_results(job_id)
    if results.metadata.get("noise_model"):
        raise FailedPreconditionError(
            "the job asked for noise; its counts are not those of the exact distribution",
            reason="VERIFY_NOISE",
            hint="run it again without a noise model",
        )
    content = await api.get_artifact(job_id, "compiled.aqo.json")
    return await run_sync(_verified, content, results)


def _verified(content: bytes, results: JobResults) -> Verification:
    from eigen.contracts.aqo_json import decode
    from eigen.verification.comparison import compared
    from eigen.verification.exact_distribution import MAX_STEPS, exact_distribution

    circuit = decode(content)
    fixed = results.provenance.get("binding", {})
    runs = [(one.binding, one.counts) for one in results.results] or [({}, results.counts)]
    if not all(counts for _, counts in runs):
        raise FailedPreconditionError(
            "the job has no counts to verify", reason="VERIFY_NOTHING", hint="measure, to have counts"
        )
    points = tuple(
        compared(counts, exact_distribution(circuit, {**fixed, **binding}, max_steps=MAX_STEPS // len(runs)))
        for binding, counts in runs
    )
    return Verification(p_value=min(1.0, len(points) * min(one.p_value for one in points)), points=points)
