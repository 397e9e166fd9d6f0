"""`Authenticator` and `Authorizer`: who calls, and what they may do. Contract "System API", roles."""

from __future__ import annotations

from abc import ABC, abstractmethod

from eigen.contracts.requests import Credentials, RequestContext

__all__ = ["Authenticator", "Authorizer"]


class Authenticator(ABC):
    """Turns what a caller shows of itself into who it is.

    An entrance asks it once for each caller, and hands the context to the System API with every call.
    """

    @abstractmethod
    async def authenticate(self, credentials: Credentials) -> RequestContext:
        """Return who calls: subject, roles and tenant.

        Raises:
            UnauthenticatedError: Nobody vouches for the caller; the message never quotes a credential.
        """


class Authorizer(ABC):
    """Says what a caller may do. Pure and quick: the answer depends on the caller's roles and the permission only."""

    @abstractmethod
    def allows(self, caller: RequestContext, permission: str) -> bool:
        """Return whether a caller has a permission, such as `jobs:read`."""
