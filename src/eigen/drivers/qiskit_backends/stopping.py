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
from collections.abc import Callable, Mapping
from types import FrameType

from eigen.drivers.qiskit_backends.credentials import Credentials
from eigen.drivers.qiskit_backends.submission import Submission

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


def result_of(submit: Callable[[], Submission], credentials: Credentials) -> list[Mapping[str, int]]:
    """Submit to a provider and wait for the counts; when this worker is told to stop, cancel there, and end.

    Args:
        submit: Hands the circuits over.
        credentials: What a provider's error is not to tell.
    """
    switch, submission = _Switch(), None
    before = signal.signal(signal.SIGTERM, switch)
    try:
        try:
            submission = submit()
            switch.is_live = True
            switch.check()
            return submission.result()
        finally:  # the signal may come in here too, which the next line but one is for
            switch.is_live = False
    finally:
        if switch.is_told:
            _end(submission, credentials)
        signal.signal(signal.SIGTERM, before)


def _end(submission: Submission | None, credentials: Credentials) -> None:
    """Cancel what was submitted and leave the process, whose caller is gone; the nursery logs what is printed."""
    try:
        if submission is not None:
            submission.cancel()
    except BaseException as error:  # noqa: BLE001  # providers raise all kinds
        print(f"the provider's job may go on: {credentials.told(error)}", file=sys.stderr, flush=True)  # noqa: T201
    finally:
        os._exit(0)
