"""An authenticator whose callers a test has named."""

from __future__ import annotations

from collections.abc import Mapping

from eigen.contracts.errors import UnauthenticatedError
from eigen.contracts.requests import Credentials, RequestContext
from eigen.ports.identity import Authenticator

__all__ = ["KnownCallers"]


class KnownCallers(Authenticator):
    """Knows each caller by its token; a caller without a token is known by the empty one.

    Args:
        callers: Who calls, by token.

    Example:
        >>> import anyio
        >>> ada = RequestContext(subject="ada")
        >>> known = KnownCallers({"t0ken": ada})
        >>> anyio.run(known.authenticate, Credentials(token="t0ken")) == ada
        True
    """

    def __init__(self, callers: Mapping[str, RequestContext]) -> None:
        self._callers = dict(callers)

    async def authenticate(self, credentials: Credentials) -> RequestContext:
        """Return the caller with this token; see the port."""
        caller = self._callers.get(credentials.token)
        if caller is None:
            raise UnauthenticatedError("nobody is known by this token", reason="UNKNOWN_TOKEN", hint="sign in again")
        return caller
