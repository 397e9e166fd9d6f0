"""What the jobs of a loop keep of it: enough to go on with the loop, and to refuse going on with another one.

Each job of a loop bears its group's label and, in the annotation `eigen.os/minimize`, the loop's settings. The settings
are a part of what an idempotency key stands for, and so are the program and the inputs: a job that is there already is
the one that this very loop would submit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from eigen.contracts.canonical import canonical_json, sha256_hex
from eigen.contracts.errors import AlreadyExistsError, FailedPreconditionError, NotFoundError
from eigen.contracts.jobs import GROUP_LABEL, JobFilter
from eigen.contracts.jobspec import JobSpec
from eigen.contracts.printable import printable, quoted
from eigen.ports.job_reads import JobReads

__all__ = ["LOOP_SETTINGS", "kept_settings", "require_new_group", "require_same_loop", "settings_text"]

LOOP_SETTINGS = "eigen.os/minimize"
"""Annotation of the jobs of a loop: its settings as JSON; what is long stands by its digest."""

_LONG_BYTES = 128  # all settings together fit in an annotation


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings as the annotation holds them."""
    return canonical_json({name: _short(value) for name, value in settings.items()}).decode()


async def require_new_group(api: JobReads, group: str) -> None:
    """Refuse a group that has jobs.

    Raises:
        AlreadyExistsError: It has.
    """
    if await _newest(api, group) is not None:
        raise AlreadyExistsError(
            f"the group {quoted(group)} has jobs already",
            reason="GROUP_EXISTS",
            hint=f"choose another name, or none; if it is this loop, resume={group!r} goes on with it",
        )


async def kept_settings(api: JobReads, group: str) -> dict[str, Any]:
    """Return the settings of a loop, as its jobs have them.

    Raises:
        NotFoundError: The group has no jobs.
        FailedPreconditionError: They are not the jobs of a loop.
    """
    job_id = await _newest(api, group)
    if job_id is None:
        raise NotFoundError(
            f"there is no group {quoted(group)}", reason="GROUP_NOT_FOUND", hint="`eigen jobs` shows the groups of jobs"
        )
    spec = JobSpec.from_bytes(await api.get_artifact(job_id, "job.resolved.json"))
    if LOOP_SETTINGS not in spec.metadata.annotations:
        raise FailedPreconditionError(
            f"the jobs of {quoted(group)} are not those of a loop that minimize has run",
            reason="GROUP_NO_LOOP",
            hint="only such a loop can be resumed; begin a new one",
        )
    settings: dict[str, Any] = json.loads(spec.metadata.annotations[LOOP_SETTINGS])
    return settings


def require_same_loop(group: str, *, before: Mapping[str, Any], now: str) -> None:
    """Refuse to go on with a loop by other settings.

    Args:
        group: Its name.
        before: Its settings, as they are kept.
        now: The settings to go on with, as they would be kept.

    Raises:
        FailedPreconditionError: Something is different; the message names it.
    """
    after: dict[str, Any] = json.loads(now)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if changed:
        told = ", ".join(
            f"{name} was {json.dumps(before.get(name))} and is {json.dumps(after.get(name))}" for name in changed
        )
        raise FailedPreconditionError(
            f"the loop {quoted(group)} was begun with other settings: {printable(told)}",
            reason="GROUP_SETTINGS",
            hint="resume it with the settings that it had, or begin a new one",
        )


async def _newest(api: JobReads, group: str) -> str | None:
    jobs = (await api.list_jobs(JobFilter(labels={GROUP_LABEL: group}), page_size=1)).jobs
    return jobs[0].job_id if jobs else None


def _short(value: Any) -> Any:
    text = canonical_json(value)
    return value if len(text) <= _LONG_BYTES else f"sha256:{sha256_hex(text)}"
