"""`LocalUserAuthenticator`: whoever runs this process, as the operating system knows them.

Who owns a root's folder can read and change every file of it, so that they are its administrator; anybody else whom
the folder's mode lets in is a user. The account database says who that is, and never the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from eigen.contracts.errors import UnauthenticatedError
from eigen.contracts.requests import Credentials, RequestContext
from eigen.ports.identity import Authenticator

__all__ = ["LocalUserAuthenticator"]

_SUPERUSER = 0


class LocalUserAuthenticator(Authenticator):
    """Knows one caller: the user of this process.

    Args:
        root: The system's folder; one that nobody has made yet is the user's.
    """

    def __init__(self, root: Path) -> None:
        uid = os.getuid()
        is_owner = uid in (_SUPERUSER, root.stat().st_uid if root.exists() else uid)
        self._caller = RequestContext(subject=_name_of(uid), roles=frozenset({"admin" if is_owner else "user"}))

    async def authenticate(self, credentials: Credentials) -> RequestContext:
        """Return the user of this process; see the port."""
        if credentials.token:
            raise UnauthenticatedError(
                "this system takes no tokens: it knows the user of its own process only",
                reason="TOKEN_NOT_TAKEN",
                hint="leave the token out",
            )
        return self._caller


def _name_of(uid: int) -> str:
    """Return the account's name; its number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
