"""Who may do what: one table of roles, and one of calls. Contract "System API", roles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from eigen.contracts.requests import RequestContext
from eigen.ports.identity import Authorizer

__all__ = ["ALL_SUBJECTS", "PERMISSION_OF_CALL", "ROLES", "RoleAuthorizer"]

ALL_SUBJECTS = "subjects:all"
"""Permission to see and stop the jobs of every subject of one's own tenant; no role reaches into another tenant."""

ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "admin": frozenset({"*"}),
        "user": frozenset({"jobs:*", "devices:list", "devices:status", "devices:calibrate", "devices:reserve"}),
        "readonly": frozenset({"jobs:read", "devices:list"}),
    }
)
"""What each role may do; `*` stands for everything, `jobs:*` for everything about jobs."""

PERMISSION_OF_CALL: Mapping[str, str] = MappingProxyType(
    {
        "submit_job": "jobs:submit",
        "get_job_status": "jobs:read",
        "list_jobs": "jobs:read",
        "cancel_job": "jobs:cancel",
        "stream_job_updates": "jobs:read",
        "list_job_events": "jobs:read",
        "get_job_results": "jobs:read",
        "list_artifacts": "jobs:read",
        "get_artifact": "jobs:read",
        "verify_artifacts": "jobs:read",
        "compile": "jobs:compile",
        "check_job": "jobs:compile",
        "list_devices": "devices:list",
        "get_device_details": "devices:list",
        "get_device_status": "devices:status",
        "calibrate_device": "devices:calibrate",
        "list_reservations": "devices:status",
        "reserve_device": "devices:reserve",
        "release_reservation": "devices:reserve",
    }
)
"""What each call of `SystemApi` asks for."""


class RoleAuthorizer(Authorizer):
    """Permissions by role: a caller may do what any of its roles may."""

    def allows(self, caller: RequestContext, permission: str) -> bool:
        """Return whether a caller has a permission; see the port."""
        kind = permission.partition(":")[0]
        wanted = {"*", f"{kind}:*", permission}
        return any(wanted & ROLES.get(role, frozenset()) for role in caller.roles)
