"""What is left when everything is over, held against what clients were told: the promises R1 to R5, and R10.

An oracle of its own: it reads SQLite and the files with nothing of the product but the fold of events. Each breach
names the promise that it breaks.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.clients import read_diary
from chaos.errands import ERRANDS
from eigen.contracts.errors import InvariantError
from eigen.contracts.jobs import JobRecord, JobState, StoredEvent
from eigen.contracts.wire import from_json
from eigen.kernel.history import fold

__all__ = ["Case", "Job", "breaches", "outcomes", "read_jobs"]

_OUTCOMES = ("Compiled", "CompilationFailed", "Executed", "ExecutionStopped", "Closed")
"""Outcomes of which an attempt has at most one; a backend that dies is tried again within an attempt."""

_KEPT = frozenset({"sweep", "loop"})
"""Errands whose points are kept one after the other, each before the next one is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the root has it.

    Attributes:
        record: Its record.
        events: Its events, in order.
        has_opening: Whether the store has what it began with.
    """

    record: JobRecord
    events: tuple[StoredEvent, ...]
    has_opening: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Where the evidence lies.

    Attributes:
        root: The system's folder.
        diary: What clients were told.
        runs: What the device wrote down.
        all_ended: Whether every job must have ended.
        may_end: Errand to the states in which it may end, where faults allow more than the errand itself does.
    """

    root: Path
    diary: Path
    runs: Path
    all_ended: bool = True
    may_end: Mapping[str, frozenset[JobState]] = field(default_factory=dict)


def breaches(case: Case) -> list[str]:
    """Return every promise that is broken, with the facts; empty if all are kept."""
    jobs = read_jobs(case.root)
    lines = read_diary(case.diary)
    found = [*_lost(jobs, lines), *_doubled(jobs, lines), *_contradicted(jobs, lines)]
    found += [*_run_twice(case.runs), *_measured_again(jobs, case.runs)]
    for job in jobs.values():
        found += _badly_told(job, must_have_ended=case.all_ended)
        found += _badly_kept(job, case.root / "circuit_fs" / job.record.job_id)
        found += _badly_ended(job, case.may_end)
    return found


def read_jobs(root: Path) -> dict[str, Job]:
    """Return all jobs of a root by id; none where there is no store yet."""
    path = root / "jobs.sqlite3"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone():
            return {}
        rows = connection.execute("SELECT job_id, record FROM jobs").fetchall()
        told = connection.execute("SELECT job_id, event FROM events ORDER BY job_id, event_seq").fetchall()
        openings = {job_id for (job_id,) in connection.execute("SELECT job_id FROM openings")}
    events: dict[str, list[StoredEvent]] = defaultdict(list)
    for job_id, text in told:
        events[job_id].append(from_json(StoredEvent, json.loads(text)))
    return {
        job_id: Job(
            record=from_json(JobRecord, json.loads(text)),
            events=tuple(events[job_id]),
            has_opening=job_id in openings,
        )
        for job_id, text in rows
    }


def outcomes(root: Path) -> dict[str, Any]:
    """Return what the jobs of a root that are DONE came to, by their errands: the same, whoever is killed."""
    done = {job_id: job for job_id, job in read_jobs(root).items() if job.record.state is JobState.DONE}
    return {job.record.name: _outcome(root / "circuit_fs" / job_id) for job_id, job in done.items()}


def _outcome(folder: Path) -> Any:
    """Return what was measured, and the whole way of a loop; None where files are missing or damaged."""
    try:
        results = json.loads(folder.joinpath("results.json").read_bytes())
        journal = folder / "iterations.jsonl"
        points = [point["counts"] for point in results.get("results", ())]
        facts = [results.get(name) for name in ("counts", "expectation_values", "optimizer", "outputs")]
        return [points, facts, journal.read_text() if journal.exists() else ""]
    except (OSError, ValueError):
        return None


def _lost(jobs: Mapping[str, Job], lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for line in lines:
        if line["said"] in {"submitted", "ended"} and line["job_id"] not in jobs:
            yield f"R1 {line['job_id']} was acknowledged ({line['said']}) and is not there"
        if line["said"] == "missing":
            yield f"R1 {line['job_id']} was acknowledged, and was not found when its client asked"


def _doubled(jobs: Mapping[str, Job], lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    keyed = (job.record.labels["key"] for job in jobs.values() if ERRANDS[job.record.name].has_key)
    for key, count in Counter(keyed).items():
        if count > 1:
            yield f"R2 key {key} has {count} jobs"
    told: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line["said"] == "submitted":
            told[line["key"]].add(line["job_id"])
    for key, ids in told.items():
        if len(ids) > 1:
            yield f"R2 key {key} was answered with {sorted(ids)}"


def _contradicted(jobs: Mapping[str, Job], lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for line in lines:
        if line["said"] == "gap":
            yield f"R3 {line['job_id']}: a client saw update {line['event_seq']} out of order"
        job = jobs.get(line.get("job_id", ""))
        if line["said"] == "cancelled" and job is not None and job.record.state is not JobState.CANCELLED:
            yield f"R8 {line['job_id']}: its cancel was acknowledged, and it is {job.record.state}"
        if line["said"] == "ended" and job is not None:
            now = (job.record.state.value, job.record.event_seq)
            if now != (line["state"], line["event_seq"]):
                yield f"R3 {line['job_id']} was told to have ended as {line['state']}, and is {now}"


def _badly_told(job: Job, *, must_have_ended: bool) -> Iterator[str]:
    job_id = job.record.job_id
    numbers = [event.event_seq for event in job.events]
    if must_have_ended and not job.record.state.is_terminal:
        yield f"R6 {job_id} has not ended: {job.record.state} ({job.record.stage})"
    if not job.record.state.is_terminal:
        return  # what was written behind may have gaps until the end
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"R3 {job_id} has the events {numbers}"
        return
    try:
        if fold(job.events) != job.record:
            yield f"R3 {job_id}: its record is not the fold of its events"
    except InvariantError as error:
        yield f"R3 {job_id}: its events do not follow one another: {error}"
    if [event.state.is_terminal for event in job.events].count(True) != 1:
        yield f"R3 {job_id} has not exactly one terminal event"
    accepted = Counter((one.kind, one.facts["attempt"]) for one in job.events if one.kind in _OUTCOMES)
    for (kind, attempt), count in accepted.items():
        if count > 1:
            yield f"R5 {job_id}: {count} events {kind} of attempt {attempt}"


def _badly_kept(job: Job, folder: Path) -> Iterator[str]:
    job_id, record = job.record.job_id, job.record
    if not folder.is_dir():
        if not job.has_opening or record.state is JobState.DONE:
            yield f"R4 {job_id} has no folder"
        return
    try:
        meta = json.loads(folder.joinpath("meta.json").read_bytes())
    except (OSError, ValueError) as error:
        yield f"R4 {job_id}: meta.json is not whole: {type(error).__name__}"
        return
    for name, facts in meta["files"].items():
        path = folder / name
        content = path.read_bytes() if path.is_file() else None
        if content is None:
            yield f"R4 {job_id}: {name} is missing"
        elif hashlib.sha256(content).hexdigest() != facts["sha256"]:
            yield f"R4 {job_id}: {name} does not match its digest ({len(content)} bytes)"
    if record.state is JobState.DONE and not (meta["sealed"] and "results.json" in meta["files"]):
        yield f"R4 {job_id} is DONE without results"
    if record.state.is_terminal and meta["sealed"]:
        if from_json(JobRecord, meta["record"]) != record:
            yield f"R3 {job_id}: meta.json and the store have different records"
        if _written_events(folder) != job.events:
            yield f"R3 {job_id}: events.jsonl and the store have different events"


def _written_events(folder: Path) -> tuple[StoredEvent, ...] | None:
    try:
        lines = folder.joinpath("events.jsonl").read_bytes().splitlines()
        return tuple(from_json(StoredEvent, json.loads(line)) for line in lines)
    except (OSError, ValueError):
        return None


def _badly_ended(job: Job, allowed: Mapping[str, frozenset[JobState]]) -> Iterator[str]:
    record = job.record
    may_end = allowed.get(record.name) or ERRANDS[record.name].may_end
    if record.state.is_terminal and record.state not in may_end:
        yield f"R3 {record.job_id} ({record.name}) ended as {record.state}: {record.error}"
    if record.crashes > 3 or sum(event.kind == "Dispatched" for event in job.events) > 3 * record.attempt:
        yield f"R7 {record.job_id} was tried {record.crashes} times"


def _measured_again(jobs: Mapping[str, Job], runs: Path) -> Iterator[str]:
    """Yield what was measured again although something behind it had been asked for: it was kept by then."""
    log = runs / "measured"
    asked: dict[str, list[str]] = defaultdict(list)
    for line in log.read_text().splitlines() if log.exists() else ():
        job_id, what = line.split()
        if asked[job_id][-1:] != [what]:
            asked[job_id].append(what)
    for job_id, things in asked.items():
        again = [what for what, count in Counter(things).items() if count > 1]
        if again and job_id in jobs and jobs[job_id].record.name in _KEPT:
            yield f"R10 {job_id}: kept, and measured again: {again}"


def _run_twice(runs: Path) -> Iterator[str]:
    log = runs / "runs"
    for line in log.read_text().splitlines() if log.exists() else ():
        word, job_id, pid = line.split()
        if word == "twice":
            yield f"R5 {job_id} was run by two owners at once (process {pid})"
