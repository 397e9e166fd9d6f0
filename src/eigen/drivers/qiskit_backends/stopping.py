"""A provider's job that is cancelled there when its worker is told to stop. Runs in a worker.

A worker that is cut off gets SIGTERM first, and is killed some time later (`WorkerRequest.grace_sec`). Python runs a
signal's handler between two of its own instructions in the main thread, where workers work: also while a provider's
library waits for a result, but not while an extension module computes. What is being submitted then is cancelled as
soon as it is known.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from eigen.drivers.qiskit_backends.credentials import Credentials

__all__ = ["result_of"]


class _StoppedError(BaseException):
    """The worker is to stop; no `except Exception` of a provider holds it up."""


class _Switch:
    def __init__(self) -> None:
        self.is_told = False
        self.is_live = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.is_told = True
        self.check()

    def check(self) -> None:
        if self.is_told and self.is_live:
            self.is_live = False  # it is told several times, and interrupts once
            raise _StoppedError


def result_of(submit: Callable[[], Any], credentials: Credentials) -> Any:
    """Submit a job to a provider and wait for its result; when this worker is told to stop, cancel it there, and end.

    Args:
        submit: Returns the provider's job, which has `result` and `cancel`.
        credentials: What a provider's error is not to tell.
    """
    switch, job = _Switch(), None
    before = signal.signal(signal.SIGTERM, switch)
    try:
        try:
            job = submit()
            switch.is_live = True
            switch.check()
            return job.result()
        finally:  # the signal may come in here too, which the next line but one is for
            switch.is_live = False
    finally:
        if switch.is_told:
            _end(job, credentials)
        signal.signal(signal.SIGTERM, before)


def _end(job: Any, credentials: Credentials) -> None:
    """Cancel a provider's job and leave the process, whose caller is gone; the nursery logs what is printed."""
    try:
        if job is not None:
            job.cancel()
    except BaseException as error:  # noqa: BLE001  # providers raise all kinds
        print(f"the provider's job may go on: {credentials.told(error)}", file=sys.stderr, flush=True)  # noqa: T201
    finally:
        os._exit(0)
