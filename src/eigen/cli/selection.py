"""Which jobs are meant: the options of `eigen jobs` and `eigen cancel`, and what they ask the System API for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eigen.contracts.jobs import JobFilter, JobPage
    from eigen.ports.job_reads import JobReads

__all__ = [
    "AllSubjectsOption",
    "JobGroupOption",
    "JobNameOption",
    "LabelOption",
    "Selection",
    "SinceOption",
    "StateOption",
    "SubjectOption",
    "UntilOption",
]

StateOption = Annotated[
    list[str] | None, typer.Option("--state", metavar="STATE", help="Only jobs in this state. May be repeated.")
]
JobNameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only jobs of this name.")]
JobGroupOption = Annotated[str | None, typer.Option("--group", metavar="NAME", help="Only jobs of this group.")]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="Only jobs with this label. May be repeated.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only jobs accepted since: 2h, 7d, or 2026-01-31T08:00.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Only jobs accepted before then, in the same words.")
]
SubjectOption = Annotated[
    str | None, typer.Option("--subject", metavar="NAME", help="The jobs of somebody else instead.")
]
AllSubjectsOption = Annotated[bool, typer.Option("--all-subjects", help="The jobs of everybody.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the options say; empty where they say nothing."""

    states: Sequence[str] = ()
    name: str | None = None
    group: str | None = None
    labels: Sequence[str] = ()
    since: str | None = None
    until: str | None = None
    subject: str | None = None
    all_subjects: bool = False

    def __bool__(self) -> bool:
        return self != Selection()

    async def find(self, api: JobReads, *, limit: int, behind: str = "") -> JobPage:
        """Return the newest jobs that are meant.

        Args:
            api: The System API.
            limit: Most jobs.
            behind: The id of a job: the list begins behind it.

        Raises:
            InvalidArgumentError: An option is wrong.
            PermissionDeniedError: Others' jobs are asked for, and the caller may only see its own.
        """
        from eigen.client.listing import list_jobs

        return await list_jobs(api, self._filter(), limit=limit, behind=behind, all_subjects=self.all_subjects)

    def _filter(self) -> JobFilter:
        from datetime import UTC, datetime

        from eigen.cli.inputs import parse_pairs
        from eigen.cli.moments import parse_moment
        from eigen.client.listing import job_filter

        now = datetime.now(UTC)
        return job_filter(
            states=self.states,
            name=self.name,
            group=self.group,
            labels=parse_pairs(self.labels, option="--label"),
            created_after=parse_moment(self.since, option="--since", now=now) if self.since else None,
            created_before=parse_moment(self.until, option="--until", now=now) if self.until else None,
            subject=self.subject,
        )
