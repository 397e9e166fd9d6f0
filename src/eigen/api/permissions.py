"""Who may do what: one table. Contract "System API", roles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from eigen.contracts.errors import PermissionDeniedError, UnauthenticatedError
from eigen.contracts.printable import quoted
from eigen.contracts.requests import RequestContext

__all__ = ["PERMISSIONS", "require", "sees_all"]

_USER = frozenset(
    {
        "jobs:submit",
        "jobs:read",
        "jobs:cancel",
        "programs:compile",
        "devices:list",
        "devices:status",
    }
)

PERMISSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "admin": _USER | {"jobs:all"},
        "user": _USER,
        "readonly": frozenset({"jobs:read", "devices:list"}),
    }
)
"""What each role may do. `jobs:all` lets a role see and stop the jobs of others."""


def require(context: RequestContext, permission: str) -> None:
    """Let a caller pass, or not.

    Raises:
        UnauthenticatedError: The caller has no name.
        PermissionDeniedError: None of the caller's roles has the permission.
    """
    if not context.subject:
        raise UnauthenticatedError("the caller has no name", reason="NO_SUBJECT")
    if not _has(context, permission):
        raise PermissionDeniedError(
            f"{quoted(context.subject)} may not do this: {permission} is missing",
            reason="PERMISSION_DENIED",
            hint="ask an administrator of this system for another role",
        )


def sees_all(context: RequestContext) -> bool:
    """Return whether the caller may see the jobs of others."""
    return _has(context, "jobs:all")


def _has(context: RequestContext, permission: str) -> bool:
    return any(permission in PERMISSIONS.get(role, frozenset()) for role in context.roles)
