"""The one tree of errors that a user can meet.

`code` is one of the canonical gRPC status names, so that the tree survives a split into services; `reason` is a finer,
stable code (`EL0203`, `JOBSPEC_UNKNOWN_TARGET`) that scripts may test. A message says what happened, the offending
value and what to do; it never holds a traceback, a path of the machine or a secret.

`InvariantError` stands outside the tree on purpose: it is a defect of Eigen OS, and never looks like the user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from eigen.contracts.wire import from_json, to_json

if TYPE_CHECKING:
    from eigen.contracts.diagnostics import Diagnostic

__all__ = [
    "AlreadyExistsError",
    "DeadlineExceededError",
    "EigenError",
    "ErrorCode",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "InvariantError",
    "NotFoundError",
    "OperationCancelledError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
]


class ErrorCode(StrEnum):
    """Canonical status names, as in gRPC's `google.rpc.Code`."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CANCELLED = "CANCELLED"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    INTERNAL = "INTERNAL"


class EigenError(Exception):
    """An error with a stable code; raise one of its subclasses.

    Args:
        message: What happened, with the offending value made printable.
        reason: Stable fine code, upper case; defaults to the code itself.
        hint: What to do instead, one sentence; may be empty.
        details: Further facts for programs, JSON values only.
        diagnostics: Places in the user's text, in order of position.
    """

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        hint: str = "",
        details: Mapping[str, Any] | None = None,
        diagnostics: Iterable[Diagnostic] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or str(self.code)
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)

    def __reduce__(self) -> tuple[Any, ...]:
        return EigenError.from_json, (self.to_json(),)

    def to_json(self) -> dict[str, Any]:
        """Return `{code, reason, message, hint, details}`; diagnostics lie in `details["diagnostics"]`."""
        details = dict(self.details)
        if self.diagnostics:
            details["diagnostics"] = [to_json(one) for one in self.diagnostics]
        return {
            "code": str(self.code),
            "reason": self.reason,
            "message": self.message,
            "hint": self.hint,
            "details": details,
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> EigenError:
        """Return the error that `to_json` wrote, as its own class."""
        details = dict(document.get("details") or {})
        diagnostics = _diagnostics(details.pop("diagnostics", ()))
        kind = _CLASS_OF_CODE[ErrorCode(document["code"])]
        return kind(
            document["message"],
            reason=document.get("reason", ""),
            hint=document.get("hint", ""),
            details=details,
            diagnostics=diagnostics,
        )


class InvalidArgumentError(EigenError):
    """The request is wrong whatever the system's state: a value, a type, a program."""

    code = ErrorCode.INVALID_ARGUMENT


class NotFoundError(EigenError):
    """There is no such job, device, artifact or file."""

    code = ErrorCode.NOT_FOUND


class FailedPreconditionError(EigenError):
    """The request is right but the system's state does not allow it, as results of a job that still runs."""

    code = ErrorCode.FAILED_PRECONDITION


class PermissionDeniedError(EigenError):
    """The subject may not do this."""

    code = ErrorCode.PERMISSION_DENIED


class UnauthenticatedError(EigenError):
    """Nobody vouches for the subject."""

    code = ErrorCode.UNAUTHENTICATED


class ResourceExhaustedError(EigenError):
    """A limit is passed: shots, qubits, memory, source size, operations, disk."""

    code = ErrorCode.RESOURCE_EXHAUSTED


class UnavailableError(EigenError):
    """A part cannot be reached or has died; trying again may help."""

    code = ErrorCode.UNAVAILABLE


class DeadlineExceededError(EigenError):
    """The job's or the call's time is over."""

    code = ErrorCode.DEADLINE_EXCEEDED


class OperationCancelledError(EigenError):
    """Somebody cancelled the job."""

    code = ErrorCode.CANCELLED


class UnimplementedError(EigenError):
    """A documented thing that this version or this device cannot do."""

    code = ErrorCode.UNIMPLEMENTED


class AlreadyExistsError(EigenError):
    """The name, key or file is taken by something else."""

    code = ErrorCode.ALREADY_EXISTS


class InternalError(EigenError):
    """A defect or a damaged file, told to the user without its inner story; the log has that."""

    code = ErrorCode.INTERNAL


class InvariantError(Exception):
    """A rule of ours was broken: a defect of Eigen OS, not of its user."""


def _diagnostics(documents: Sequence[Mapping[str, Any]]) -> list[Diagnostic]:
    """Return the diagnostics of an error; most have none, and do not load what they are."""
    if not documents:
        return []
    from eigen.contracts.diagnostics import Diagnostic

    return [from_json(Diagnostic, one) for one in documents]


_CLASS_OF_CODE: dict[ErrorCode, type[EigenError]] = {kind.code: kind for kind in EigenError.__subclasses__()}
