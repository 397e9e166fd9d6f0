"""The query of a job filter. Its words come from here, its values are bound.

Newest first, and found without reading what does not match, also among a hundred thousand jobs:

- every arm of the query walks one index backwards and stops when it has enough;
- several states are one arm each, which SQLite merges;
- a label is looked up in `labels`, which then leads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eigen.contracts.jobs import JobFilter, JobState
from eigen.contracts.wire import format_time

__all__ = ["NUM_LIVE", "selection"]

Term = tuple[str, tuple[Any, ...]]

_LIVE = ", ".join(f"'{state.value}'" for state in JobState if not state.is_terminal)

NUM_LIVE = (
    "SELECT (SELECT COUNT(*) FROM jobs WHERE live = 1),"  # noqa: S608  # our own words only
    f" (SELECT COUNT(*) FROM jobs WHERE tenant = ? AND subject = ? AND state IN ({_LIVE}))"
)
"""The query for how many jobs have not ended, and how many of them a subject of a tenant has; each counts an index."""

_ABOVE_ALL = "\uffff"  # sorts after whatever an id may go on with


def selection(job_filter: JobFilter, *, limit: int, before_job_id: str) -> tuple[str, tuple[Any, ...]]:
    """Return a query for records, and its values.

    Args:
        job_filter: Which jobs.
        limit: At most so many.
        before_job_id: Only jobs older than this one; empty for all.
    """
    arms = [_arm(job_filter, state, before_job_id) for state in job_filter.states or (None,)]
    query = " UNION ALL ".join(words for words, _ in arms)
    values = [value for _, bound in arms for value in bound]
    return f"{query} ORDER BY 1 DESC LIMIT ?", (*values, limit)


def _arm(job_filter: JobFilter, state: JobState | None, before_job_id: str) -> Term:
    leads = "wanted" if job_filter.labels else "jobs"
    source = "labels AS wanted CROSS JOIN jobs ON jobs.job_id = wanted.job_id" if job_filter.labels else "jobs"
    terms = [("1 = 1", ()), *_terms(job_filter, state), *_labels(job_filter), *_ids(leads, job_filter, before_job_id)]
    where = " AND ".join(words for words, _ in terms)
    return f"SELECT {leads}.job_id, record FROM {source} WHERE {where}", tuple(  # noqa: S608  # our own words only
        value for _, bound in terms for value in bound
    )


def _terms(job_filter: JobFilter, state: JobState | None) -> Iterator[Term]:
    after, before = job_filter.created_after, job_filter.created_before
    for words, value in (
        ("tenant = ?", job_filter.tenant),
        ("subject = ?", job_filter.subject),
        ("name = ?", job_filter.name),
        ("state = ?", state.value if state else None),
        ("created_at > ?", format_time(after) if after else None),
        ("created_at < ?", format_time(before) if before else None),
    ):
        if value is not None:
            yield words, (value,)


def _labels(job_filter: JobFilter) -> Iterator[Term]:
    for number, label in enumerate(job_filter.labels.items()):
        if number == 0:
            yield "wanted.key = ? AND wanted.value = ?", label
        else:
            yield "EXISTS (SELECT 1 FROM labels WHERE key = ? AND value = ? AND job_id = wanted.job_id)", label


def _ids(leads: str, job_filter: JobFilter, before_job_id: str) -> Iterator[Term]:
    if job_filter.id_prefix:
        yield (
            f"{leads}.job_id >= ? AND {leads}.job_id < ?",
            (job_filter.id_prefix, job_filter.id_prefix + _ABOVE_ALL),
        )
    if before_job_id:
        yield f"{leads}.job_id < ?", (before_job_id,)
