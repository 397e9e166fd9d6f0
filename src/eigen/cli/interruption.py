"""Ctrl-C while jobs of this command run: the first one cancels them, the second one leaves, the third one drops all.

A command that was started with Ctrl-C ignored, as shells start those in the background, goes on ignoring it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.abc

from eigen.cli.exit_codes import ExitCode
from eigen.cli.rendering import note

if TYPE_CHECKING:
    from eigen.ports.system_api import SystemApi

__all__ = ["Interruption", "interruptible"]

CANCEL_WAIT_SEC = 10.0
"""Longest time that interrupted jobs are waited for."""


class Interruption:
    """Whether the user has pressed Ctrl-C, and the jobs that it cancels.

    Attributes:
        is_asked: Whether it was pressed.
    """

    def __init__(self, scope: anyio.CancelScope) -> None:
        self.is_asked = False
        self._scope = scope
        self._jobs: list[tuple[SystemApi, str]] = []

    async def covers(self, api: SystemApi, job_id: str) -> None:
        """Let Ctrl-C cancel a job from here on; one that was pressed before cancels it now."""
        self._jobs.append((api, job_id))
        if self.is_asked:
            await api.cancel_job(job_id)

    async def obey(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Take Ctrl-C from here on, as this module says."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            task_status.started()
            return
        with anyio.open_signal_receiver(signal.SIGINT) as signals:
            task_status.started()
            await anext(signals)
            note("cancelling; press Ctrl-C again to leave at once")
            self.is_asked = True
            self._scope.deadline = anyio.current_time() + CANCEL_WAIT_SEC
            for api, job_id in tuple(self._jobs):
                await api.cancel_job(job_id)
            await anext(signals)
            self._scope.cancel()
            await anext(signals)
            os._exit(ExitCode.INTERRUPTED)


@asynccontextmanager
async def interruptible() -> AsyncIterator[Interruption]:
    """Take Ctrl-C in the body; when it was asked to leave, the body is cancelled, and what it has opened closes."""
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as body:
            interruption = Interruption(body)
            await tasks.start(_obey, interruption)
            yield interruption
        tasks.cancel_scope.cancel()


async def _obey(interruption: Interruption, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    await interruption.obey(task_status=task_status)
