"""`AuditLog`: takes every decision of the System API on who may do what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

__all__ = ["ALLOWED", "AuditLog", "Decision"]

ALLOWED = "ALLOWED"
"""The reason of a decision that nothing stood against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision. It names who and what, never a program, an input or a credential.

    Attributes:
        call: The call of `SystemApi`.
        allowed: Whether the caller may make it.
        reason: `ALLOWED`, or the stable reason of a refusal: `NO_SUBJECT`, `PERMISSION_DENIED`, `NOT_OWNER`,
            `OTHER_TENANT`; of a call that was allowed and came to nothing, the reason of its error.
        subject: Who asks; empty where nobody vouches for the caller.
        tenant: On whose behalf.
        job_id: The job that is asked for or was made; empty where there is none.
        device_id: The device that is asked for; empty where there is none.
        trace_id: The caller's trace, else the job's.
    """

    call: str
    allowed: bool
    reason: str
    subject: str
    tenant: str
    job_id: str = ""
    device_id: str = ""
    trace_id: str = ""


class AuditLog(ABC):
    """Keeps decisions."""

    @abstractmethod
    def record(self, decision: Decision) -> None:
        """Keep a decision; quick, and never raises: a full disk must not stop a job."""
