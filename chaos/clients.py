"""Clients with an acknowledgement file: what they were told, synced before they do anything else.

A client repeats a submission whose answer it never got, if it gave the job a key. One that comes back goes on where its
file ends.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from chaos.errands import ERRANDS, request
from eigen.contracts.errors import EigenError, NotFoundError
from eigen.contracts.jobs import JobFilter, JobState
from eigen.ports.system_api import SystemApi

__all__ = ["Diary", "Task", "run_tasks"]

_LIVE = tuple(state for state in JobState if not state.is_terminal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One job that a client wants.

    Attributes:
        number: Its number among its client's jobs.
        kind: Its errand.
        device: Where it is to run.
        cancels_at: The state in which its client cancels it, where it does.
        after: Number of the task whose job it waits for, or None.
    """

    number: int
    kind: str
    device: str = "scripted:device"
    cancels_at: JobState = JobState.RUNNING
    after: int | None = None

    @property
    def key(self) -> str:
        """Its idempotency key."""
        return f"{self.kind}-{self.number}"


class Diary:
    """What clients were told, one JSON object a line; a line that is not whole was never written.

    Args:
        path: The file.
        on_step: Is told of each step of the client's own.
    """

    def __init__(self, path: Path, *, on_step: Callable[[str], None] = lambda name: None) -> None:
        self._path = path
        self._on_step = on_step
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, word: str, **facts: Any) -> None:
        """Write a line; when this returns, it is on the disk."""
        self._on_step(f">client:{word}")
        os.write(self._file, (json.dumps({"said": word, **facts}) + "\n").encode())
        os.fsync(self._file)
        self._on_step(f"<client:{word}")

    def read(self) -> list[dict[str, Any]]:
        """Return every whole line."""
        return read_diary(self._path)


def read_diary(path: Path) -> list[dict[str, Any]]:
    """Return every whole line of a diary; a missing one is empty."""
    content = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


async def run_tasks(
    api: SystemApi, tasks: Sequence[Task], diary: Diary, *, stays: bool = True, at_once: int | None = None
) -> None:
    """Do all tasks, going on where the diary ends.

    Args:
        api: The system.
        tasks: What clients want.
        diary: Where they write what they were told.
        stays: Whether then every live job of the root, whosever it is, is seen to its end.
        at_once: How many tasks are done at a time; None for all.

    Raises:
        EigenError: Jobs cannot be listed or followed.
    """
    lines = diary.read()
    clients = {task.number: _Client(api, task, diary, lines) for task in tasks}
    turns = anyio.Semaphore(at_once or len(tasks))
    async with anyio.create_task_group() as group:
        for task in tasks:
            before = clients[task.after] if task.after is not None else None
            await turns.acquire()
            group.start_soon(_take_turn, turns, partial(clients[task.number].work, before))
    while stays and (live := (await api.list_jobs(JobFilter(states=_LIVE))).jobs):
        for status in live:
            async for _ in api.stream_job_updates(status.job_id, last_event_seq=status.event_seq):
                pass


async def _take_turn(turns: anyio.Semaphore, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    finally:
        turns.release()


class _Client:
    def __init__(self, api: SystemApi, task: Task, diary: Diary, lines: Sequence[dict[str, Any]]) -> None:
        self._api = api
        self._task = task
        self._diary = diary
        self._lines = [line for line in lines if line["key"] == task.key]
        self._is_known = anyio.Event()
        self._job_id = ""

    async def work(self, before: _Client | None) -> None:
        """Do the task; where it waits for another one's job, once that is known."""
        words = {line["said"] for line in self._lines}
        errand = ERRANDS[self._task.kind]
        if "submitted" in words:
            self._job_id = next(line["job_id"] for line in self._lines if line["said"] == "submitted")
        elif "trying" not in words or errand.has_key:  # else nobody can tell whether it is there
            self._job_id = await self._submit(await before.job_id() if before else "")
        self._is_known.set()
        if self._job_id and "ended" not in words:
            await self._follow(self._job_id, cancels=errand.is_cancelled and "cancelled" not in words)

    async def job_id(self) -> str:
        """Return the job's id, once it is known; empty if it cannot be."""
        await self._is_known.wait()
        return self._job_id

    async def _submit(self, dependency: str) -> str:
        self._say("trying")
        task, begin = self._task, time.monotonic()
        dependencies = (dependency,) if dependency else ()
        wanted = request(task.kind, key=task.key, device=task.device, dependencies=dependencies)
        try:
            status = await self._api.submit_job(wanted)
        except EigenError as error:
            self._say("refused", reason=error.reason)
            return ""
        self._say("submitted", job_id=status.job_id, took_sec=time.monotonic() - begin)
        return status.job_id

    async def _follow(self, job_id: str, *, cancels: bool) -> None:
        try:
            await self._watch(job_id, cancels=cancels)
        except NotFoundError:
            self._say("missing", job_id=job_id)
        except EigenError as error:
            self._say("refused", reason=error.reason)

    async def _watch(self, job_id: str, *, cancels: bool) -> None:
        seq = 0
        async for update in self._api.stream_job_updates(job_id):
            if update.event_seq != seq + 1:
                self._say("gap", job_id=job_id, event_seq=update.event_seq)
            seq = update.event_seq
            if cancels and update.state is self._task.cancels_at:
                cancels = False
                await self._cancel(job_id)
            if update.state.is_terminal:
                self._say("ended", job_id=job_id, state=update.state.value, event_seq=seq)

    async def _cancel(self, job_id: str) -> None:
        """Ask for the end of a job; who is refused watches on, since the work stops all the same."""
        self._say("cancelling", job_id=job_id)
        begin = time.monotonic()
        try:
            await self._api.cancel_job(job_id)
        except EigenError as error:
            self._say("refused", reason=error.reason, job_id=job_id)
        else:
            self._say("cancelled", job_id=job_id, took_sec=time.monotonic() - begin)

    def _say(self, word: str, **facts: Any) -> None:
        self._diary.say(word, key=self._task.key, **facts)
