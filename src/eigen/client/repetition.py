"""A job once more: what is needed lies in its folder."""

from __future__ import annotations

from eigen.contracts.compilation import ProgramSource
from eigen.contracts.errors import FailedPreconditionError, NotFoundError
from eigen.contracts.jobspec import JobSpec
from eigen.contracts.requests import SubmitJobRequest
from eigen.contracts.results import RERUN_OF
from eigen.ports.job_reads import JobReads

__all__ = ["repetition"]

_PROGRAMS = ("program.eigen.py", "program.qasm", "program.aqo.json")


async def repetition(api: JobReads, job_id: str) -> SubmitJobRequest:
    """Return the request that runs a job once more: the same spec, program and, where one is known, seed.

    Raises:
        NotFoundError: There is no such job, or its files are gone.
        FailedPreconditionError: Its seed is still to be drawn.
        InternalError: A file does not match its digest.
    """
    status = await api.get_job_status(job_id)
    if status.seed is None and not status.is_terminal:
        raise FailedPreconditionError(
            f"the seed of {job_id} is not known before it is compiled",
            reason="SEED_NOT_DRAWN",
            hint=f"wait for its end with `eigen watch {job_id}`, or submit with a seed",
        )
    spec = JobSpec.from_bytes(await api.get_artifact(job_id, "job.resolved.json"))
    annotations = {**spec.metadata.annotations, RERUN_OF: job_id}
    metadata = spec.metadata.model_copy(update={"annotations": annotations})
    body = spec.spec.model_copy(update={"seed": status.seed if status.seed is not None else spec.spec.seed})
    return SubmitJobRequest(
        spec=spec.model_copy(update={"metadata": metadata, "spec": body}),
        source=await _program(api, job_id, spec),
        job_yaml=await api.get_artifact(job_id, "job.yaml"),
    )


async def _program(api: JobReads, job_id: str, spec: JobSpec) -> ProgramSource:
    stored = {artifact.name for artifact in await api.list_artifacts(job_id)}
    name = next((one for one in _PROGRAMS if one in stored), None)
    if name is None:
        raise NotFoundError(
            f"the program of {job_id} is gone",
            reason="PROGRAM_GONE",
            hint=f"`eigen artifacts verify {job_id}` says more",
        )
    content = await api.get_artifact(job_id, name)
    return ProgramSource(content=content, filename=name, language=spec.spec.language)
