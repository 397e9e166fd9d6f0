"""Lists of jobs: which ones, and of any length, fetched page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from eigen.client.arguments import require_kind
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.jobs import GROUP_LABEL, JobFilter, JobPage, JobState, JobStatus
from eigen.contracts.printable import quoted
from eigen.ports.job_reads import JobReads

__all__ = ["job_filter", "list_jobs"]

_PAGE = 1000
_STATES = f"states are {', '.join(JobState.__members__)}"


def job_filter(
    *,
    states: Iterable[str] = (),
    name: str | None = None,
    group: str | None = None,
    labels: Mapping[str, str] | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    subject: str | None = None,
) -> JobFilter:
    """Return a filter of what a caller has said, checked; arguments as `AsyncClient.jobs`.

    Raises:
        InvalidArgumentError: A value is none of its kind.
    """
    for value, kind, argument, hint in (
        (name, str, "name", "give a text"),
        (group, str, "group", "give a text"),
        (subject, str, "subject", "give a text"),
        (labels, Mapping, "labels", 'give values by name, such as {"molecule": "h2"}'),
        (created_after, datetime, "created_after", "give a datetime"),
        (created_before, datetime, "created_before", "give a datetime"),
    ):
        if value is not None:
            require_kind(value, kind, name=argument, hint=hint)
    return JobFilter(
        states=_states([states] if isinstance(states, str) else states),
        name=name,
        labels={**(labels or {}), **({GROUP_LABEL: group} if group is not None else {})},
        created_after=_moment(created_after, "created_after"),
        created_before=_moment(created_before, "created_before"),
        subject=subject,
    )


def _moment(given: datetime | None, name: str) -> datetime | None:
    """Return a time in UTC; one without a time zone is local."""
    try:
        return given.astimezone(UTC) if given is not None else None
    except (OverflowError, ValueError) as error:  # within a day of the first or the last one that there is
        raise InvalidArgumentError(
            f"{name} {quoted(given)} is no time in UTC", reason="MOMENT", hint="leave it out: there are no such jobs"
        ) from error


async def list_jobs(
    api: JobReads, wanted: JobFilter, *, limit: int, behind: str = "", all_subjects: bool = False
) -> JobPage:
    """Return the newest jobs that match.

    Args:
        api: The System API.
        wanted: Which jobs.
        limit: Most jobs, 1 or more.
        behind: The id of a job, or a page's `next_page_token`: the list begins behind it.
        all_subjects: Whether the jobs of every subject are meant.

    Raises:
        InvalidArgumentError: The limit or the token is none.
        PermissionDeniedError: Others' jobs are asked for, and the caller may only see its own.
    """
    require_kind(limit, int, name="limit", hint="give a whole number")
    if limit < 1:
        raise InvalidArgumentError(
            f"a list of {limit} jobs: 1 or more are given", reason="LIMIT", hint="raise the limit"
        )
    found: list[JobStatus] = []
    while True:
        size = min(limit - len(found), _PAGE)
        page = await api.list_jobs(wanted, page_size=size, page_token=behind, all_subjects=all_subjects)
        found += page.jobs
        behind = page.next_page_token
        if not behind or len(found) == limit:
            return JobPage(jobs=tuple(found), next_page_token=behind)


def _states(names: Iterable[str]) -> tuple[JobState, ...]:
    require_kind(names, Iterable, name="states", hint=_STATES)
    return tuple(map(_state, names))


def _state(name: str) -> JobState:
    from eigen.contracts.diagnostics import nearest

    require_kind(name, str, name="a state", hint=_STATES)
    if name.upper() not in JobState.__members__:
        guess = nearest(name.upper(), JobState.__members__)
        raise InvalidArgumentError(
            f"there is no state {quoted(name)}",
            reason="UNKNOWN_STATE",
            hint=f"did you mean {guess}?" if guess else _STATES,
        )
    return JobState(name.upper())
