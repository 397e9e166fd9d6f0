"""How people name a job: its id, a unique prefix of it, or `@last`."""

from __future__ import annotations

import re

from eigen.client.arguments import require_kind
from eigen.contracts.errors import InvalidArgumentError, NotFoundError
from eigen.contracts.jobs import JOB_ID, JobFilter
from eigen.contracts.printable import quoted
from eigen.ports.job_reads import JobReads

__all__ = ["find_job"]

_PREFIX = "job_"
_BEGINNING = re.compile(r"job_[0-9a-z]{1,26}")


async def find_job(api: JobReads, reference: str) -> str:
    """Return the id of the job that a reference means.

    Raises:
        NotFoundError: There is no such job.
        InvalidArgumentError: Several jobs begin like this.
    """
    require_kind(reference, str, name="a job's id", hint="give an id, a unique prefix of one, or @last")
    if JOB_ID.fullmatch(reference):
        return reference
    if reference == "@last":
        return await _last(api)
    prefix = reference if reference.startswith(_PREFIX) else _PREFIX + reference
    is_beginning = _BEGINNING.fullmatch(prefix) is not None  # of an id; nothing at all would mean any job
    found = (await api.list_jobs(JobFilter(id_prefix=prefix), page_size=2)).jobs if is_beginning else ()
    if not found:
        raise NotFoundError(
            f"there is no job {quoted(reference)}", reason="JOB_NOT_FOUND", hint="`eigen jobs` lists the jobs there are"
        )
    if len(found) > 1:
        raise InvalidArgumentError(
            f"several jobs begin with {quoted(reference)}", reason="JOB_AMBIGUOUS", hint="give more of the id"
        )
    return found[0].job_id


async def _last(api: JobReads) -> str:
    newest = (await api.list_jobs(page_size=1)).jobs
    if not newest:
        raise NotFoundError(
            "there is no job yet", reason="JOB_NOT_FOUND", hint="`eigen submit --job job.yaml` submits one"
        )
    return newest[0].job_id
