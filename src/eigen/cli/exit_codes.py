"""How the command ends: one table from error codes to exit codes. Contract "Command line", exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from eigen.contracts.errors import EigenError, ErrorCode

__all__ = ["ExitCode", "exit_code_of", "exit_code_of_job"]


class ExitCode(IntEnum):
    """What a shell sees."""

    OK = 0
    JOB_FAILED = 1
    USER_ERROR = 2
    UNREACHABLE = 3
    INTERNAL = 4
    INTERRUPTED = 130


_OF_CODE: Mapping[ErrorCode, ExitCode] = MappingProxyType(
    {
        ErrorCode.INVALID_ARGUMENT: ExitCode.USER_ERROR,
        ErrorCode.NOT_FOUND: ExitCode.USER_ERROR,
        ErrorCode.FAILED_PRECONDITION: ExitCode.USER_ERROR,
        ErrorCode.RESOURCE_EXHAUSTED: ExitCode.USER_ERROR,
        ErrorCode.UNIMPLEMENTED: ExitCode.USER_ERROR,
        ErrorCode.ALREADY_EXISTS: ExitCode.USER_ERROR,
        ErrorCode.PERMISSION_DENIED: ExitCode.USER_ERROR,
        ErrorCode.UNAUTHENTICATED: ExitCode.USER_ERROR,
        ErrorCode.UNAVAILABLE: ExitCode.UNREACHABLE,
        ErrorCode.DEADLINE_EXCEEDED: ExitCode.JOB_FAILED,
        ErrorCode.CANCELLED: ExitCode.JOB_FAILED,
        ErrorCode.INTERNAL: ExitCode.INTERNAL,
    }
)

_OF_REASON: Mapping[str, ExitCode] = MappingProxyType({"DISK_FULL": ExitCode.UNREACHABLE})
"""What stands above the table: nothing is wrong with the request where the system's disk is full."""


def exit_code_of(error: EigenError) -> ExitCode:
    """Return how a command ends that an error stopped."""
    return _OF_REASON.get(error.reason, _OF_CODE[error.code])


def exit_code_of_job(error: EigenError | None) -> ExitCode:
    """Return how a command ends whose job has ended.

    A program's faults are found after the job was accepted, so a job that ended for a fault of its user counts as the
    user's error; whatever else stopped it is the job's failure and not the command's.

    Args:
        error: What the job ended with; None for a job that is DONE.
    """
    if error is None:
        return ExitCode.OK
    code = exit_code_of(error)
    return code if code is ExitCode.USER_ERROR else ExitCode.JOB_FAILED
