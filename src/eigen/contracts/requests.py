"""Who asks for what at the System API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eigen.contracts.compilation import ProgramSource
    from eigen.contracts.diagnostics import Diagnostic
    from eigen.contracts.errors import EigenError
    from eigen.contracts.jobspec import JobSpec

__all__ = ["CheckedJob", "CompileJobRequest", "Credentials", "RequestContext", "SubmitJobRequest", "party_of"]


def party_of(tenant: str, subject: str) -> str:
    """Return one key for a tenant's subject, for whatever is shared out or counted: same-named subjects stay apart.

    Example:
        >>> party_of("acme", "ada")
        '4:acme:ada'
    """
    return f"{len(tenant)}:{tenant}:{subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a caller shows of itself; nothing for a caller in this process.

    Attributes:
        token: A secret that stands for the caller; never shown, never logged.
    """

    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """Who calls, and within which trace.

    Attributes:
        subject: Who, such as the operating system's user name.
        roles: Names out of `admin`, `user`, `readonly`; others grant nothing.
        tenant: On whose behalf; a job of another tenant does not exist for the caller, whatever its roles.
        traceparent: W3C trace context of the caller, or empty.
        deadline_sec: Longest time from the call's begin to its answer, a stream's end included; None for no limit.
    """

    subject: str
    roles: frozenset[str] = frozenset({"user"})
    tenant: str = "default"
    traceparent: str = ""
    deadline_sec: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitJobRequest:
    """A job to run.

    Attributes:
        spec: The job, with everything that the command line overrides already in place.
        source: The program.
        job_yaml: The job file as submitted; where there was none, one that says the same.
        idempotency_key: The same key and content give the same job; other content is refused. Empty for none.
    """

    spec: JobSpec
    source: ProgramSource
    job_yaml: bytes = field(repr=False)
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedJob:
    """What is wrong or suspicious about a job that was not submitted.

    Attributes:
        warnings: What is suspicious in its program.
        problems: What its submission would be refused with, and what it would end in before it ran.
    """

    warnings: tuple[Diagnostic, ...] = ()
    problems: tuple[EigenError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileJobRequest:
    """A program to compile without running it."""

    source: ProgramSource
    entrypoint: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
