"""The gate: who calls, whether they may, which job they may see, and one audit line for each decision.

A job of another subject, and of another tenant, is answered exactly as one that does not exist; only the audit log
tells them apart. A call that is refused leaves its line before anything else is looked at.
"""

from __future__ import annotations

from eigen.api.permissions import ALL_SUBJECTS, PERMISSION_OF_CALL
from eigen.contracts.errors import (
    EigenError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from eigen.contracts.jobs import JOB_ID, JobRecord
from eigen.contracts.printable import quoted
from eigen.contracts.requests import Credentials, RequestContext
from eigen.contracts.trace import TraceContext
from eigen.ports.audit import ALLOWED, AuditLog, Decision
from eigen.ports.identity import Authenticator, Authorizer
from eigen.ports.job_records import JobRecords

__all__ = ["Gate"]


class Gate:
    """Lets callers through to jobs and devices, or not.

    Args:
        authenticator: Says who a caller in this process is.
        authorizer: Says what a caller may do.
        audit: Keeps every decision.
        records: Know whose a job is.
    """

    def __init__(
        self, *, authenticator: Authenticator, authorizer: Authorizer, audit: AuditLog, records: JobRecords
    ) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._audit = audit
        self._records = records

    async def permit(self, call: str, context: RequestContext | None, *, device_id: str = "") -> RequestContext:
        """Return who makes a call, if they may; a refusal is audited, a permission is for the caller to `note`.

        Raises:
            UnauthenticatedError: Nobody vouches for the caller.
            PermissionDeniedError: None of the caller's roles has the permission.
        """
        caller = context
        try:
            if caller is None:
                caller = await self._authenticator.authenticate(Credentials())
            self._require(call, caller)
        except (UnauthenticatedError, PermissionDeniedError) as refusal:
            self._record(call, caller, allowed=False, reason=refusal.reason, device_id=device_id)
            raise
        return caller

    async def enter(self, call: str, context: RequestContext | None, *, device_id: str = "") -> RequestContext:
        """Return who makes a call that is about no job of theirs, if they may; audited. Errors as `permit`."""
        caller = await self.permit(call, context, device_id=device_id)
        self._record(call, caller, allowed=True, reason=ALLOWED, device_id=device_id)
        return caller

    async def reach(self, call: str, context: RequestContext | None, job_id: str) -> tuple[RequestContext, JobRecord]:
        """Return who makes a call about a job, and the job; audited.

        Raises:
            NotFoundError: There is no such job, or none that the caller may know of.
            UnauthenticatedError, PermissionDeniedError: As `permit`.
        """
        caller = await self.permit(call, context)
        missing = _missing(job_id)
        try:
            record = await self._found(job_id)
        except EigenError as error:
            self._record(call, caller, allowed=True, reason=error.reason, job_id=job_id)
            if isinstance(error, NotFoundError):
                raise missing from None
            raise
        barrier = self._barrier(caller, record)
        if barrier:
            self._record(call, caller, allowed=False, reason=barrier, job_id=job_id)
            raise missing
        self.note(call, caller, job_id=job_id, trace_id=record.trace_id)
        return caller, record

    def require_reach(self, call: str, caller: RequestContext, *, tenant: str | None, subject: str | None) -> None:
        """Let a caller ask for the jobs of a tenant's subject, or of all of them where it is None.

        Raises:
            PermissionDeniedError: They are another tenant's, or others' and the caller may only see its own.
        """
        reason = ""
        if tenant not in (None, caller.tenant):
            reason = "OTHER_TENANT"
        elif subject != caller.subject and not self._authorizer.allows(caller, ALL_SUBJECTS):
            reason = "NOT_OWNER"
        if reason:
            self._record(call, caller, allowed=False, reason=reason)
            raise PermissionDeniedError(
                f"{quoted(caller.subject)} may only list its own jobs",
                reason="PERMISSION_DENIED",
                hint="leave the other subject or tenant out",
            )

    def may_touch(self, caller: RequestContext, *, tenant: str, subject: str) -> bool:
        """Return whether a caller may change what belongs to a tenant's subject."""
        if tenant != caller.tenant:
            return False
        return subject == caller.subject or self._authorizer.allows(caller, ALL_SUBJECTS)

    def note(
        self,
        call: str,
        caller: RequestContext,
        *,
        allowed: bool = True,
        reason: str = ALLOWED,
        job_id: str = "",
        device_id: str = "",
        trace_id: str = "",
    ) -> None:
        """Keep the decision on a caller; where it was let through, `reason` is that of the error that came of it."""
        self._record(
            call, caller, allowed=allowed, reason=reason, job_id=job_id, device_id=device_id, trace_id=trace_id
        )

    def _require(self, call: str, caller: RequestContext) -> None:
        permission = PERMISSION_OF_CALL[call]
        if not caller.subject or not _is_unicode(caller.subject + caller.tenant):
            raise UnauthenticatedError(
                "the caller has no name, or one that is not Unicode",
                reason="NO_SUBJECT",
                hint="sign in, or name a subject in the request's context",
            )
        if not self._authorizer.allows(caller, permission):
            raise PermissionDeniedError(
                f"{quoted(caller.subject)} may not do this: {permission} is missing",
                reason="PERMISSION_DENIED",
                hint="ask an administrator of this system for another role",
            )

    async def _found(self, job_id: str) -> JobRecord:
        if not (isinstance(job_id, str) and JOB_ID.fullmatch(job_id)):
            raise _missing(job_id)
        return await self._records.record(job_id)

    def _barrier(self, caller: RequestContext, record: JobRecord) -> str:
        """Return why a caller may not know of a job; empty where it may."""
        if self.may_touch(caller, tenant=record.tenant, subject=record.subject):
            return ""
        return "NOT_OWNER" if record.tenant == caller.tenant else "OTHER_TENANT"

    def _record(
        self,
        call: str,
        caller: RequestContext | None,
        *,
        allowed: bool,
        reason: str,
        job_id: str = "",
        device_id: str = "",
        trace_id: str = "",
    ) -> None:
        self._audit.record(
            Decision(
                call=call,
                allowed=allowed,
                reason=reason,
                subject=caller.subject if caller else "",
                tenant=caller.tenant if caller else "",
                job_id=job_id,
                device_id=device_id,
                trace_id=_trace_id(caller) or trace_id,
            )
        )


def _is_unicode(text: str) -> bool:
    """Return whether a text has no lone surrogates, such as undecodable bytes come with."""
    return text.encode(errors="replace").decode() == text


def _missing(job_id: str) -> EigenError:
    """Return the one answer for a job that is not there, whatever the reason."""
    return NotFoundError(
        f"there is no job {quoted(job_id)}", reason="JOB_NOT_FOUND", hint="`eigen jobs` lists the jobs there are"
    )


def _trace_id(caller: RequestContext | None) -> str:
    """Return the caller's trace; a `traceparent` that cannot be read is for `submit_job` to refuse."""
    if caller is None or not caller.traceparent:
        return ""
    try:
        return TraceContext.parse(caller.traceparent).trace_id
    except InvalidArgumentError:
        return ""
