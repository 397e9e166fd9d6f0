"""What services tell the standard library's logging, in the system's own log, with its job's ids.

Services know no telemetry: what they have to say beyond their answers, such as the story of a worker that died, they
give to loggers named `eigen.…`. The handler stands on that one logger while the system is open; the root logger and
those of others are left alone. Several systems may be open in one process: what belongs to a job is written by the
system that has it.

A message's template is ours; its arguments may quote a user's values, so they are told with errors only, in the field
`traceback`, which stands in the log and nowhere else.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

from structlog.typing import FilteringBoundLogger

from eigen.contracts.secrets import without_secrets
from eigen.contracts.trace import current_job

__all__ = ["Forwarding"]

_SERVICES = {"drivers": "driver-manager", "workers": "driver-manager", "compiler": "compiler", "kernel": "kernel"}


class Forwarding(logging.Handler):
    """Writes records of our services to a log; a context manager.

    Args:
        log: The system's logger.
        has_job: Whether a job is live in this system.
    """

    def __init__(self, log: FilteringBoundLogger, *, has_job: Callable[[str], bool]) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._has_job = has_job

    def __enter__(self) -> Self:
        logging.getLogger("eigen").addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        logging.getLogger("eigen").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless it belongs to a job of another system."""
        job = current_job()
        if job is not None and not self._has_job(job.job_id):
            return
        facts = {
            "service": _SERVICES.get(record.name.split(".")[1] if "." in record.name else "", "eigen"),
            "logger": record.name,
            "message": str(record.msg).partition("\n")[0],
        }
        if record.levelno >= logging.ERROR:
            self._log.error("service.error", traceback=without_secrets(self.format(record), os.environ), **facts)
        else:
            self._log.warning("service.warning", **facts)
