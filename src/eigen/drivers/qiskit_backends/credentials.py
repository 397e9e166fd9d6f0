"""Secrets of vendors: named in the configuration, looked up in the worker that needs them, and kept out of every story.

An option `{env = "VENDOR_TOKEN"}` is the value of that environment variable, `{keyring = "service/user"}` an entry of
the system's keyring (package `keyring`). Neither value is ever in a frame, a file or a log line; what a vendor says is
told with the secrets taken out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.printable import printable, quoted
from eigen.contracts.secrets import without_secrets

__all__ = ["Credentials"]

_PATH = re.compile(r"(?:/[\w.@+-]+){2,}/?")
_SHORTEST = 4


class Credentials:
    """The secrets that one worker has looked up."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def resolved(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return options with the secrets that they name.

        Raises:
            FailedPreconditionError: A secret is not there (reason `DEVICE_CREDENTIALS`).
        """
        return {name: self._resolved(value) for name, value in options.items()}

    def told(self, error: BaseException) -> str:
        """Return what a vendor's error says, in one printable sentence without secrets and paths of this machine."""
        return self.told_text(f"{type(error).__name__}: {error}")

    def told_text(self, text: str) -> str:
        """Return what a vendor says, as `told`."""
        text = without_secrets(text, os.environ)
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return printable(_PATH.sub("[path]", text), limit=300)

    def _resolved(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        if value.keys() == {"env"}:
            return self._kept(os.environ.get(value["env"], ""), f"the environment variable {quoted(value['env'])}")
        if value.keys() == {"keyring"}:
            return self._kept(_from_keyring(value["keyring"]), f"the keyring's entry {quoted(value['keyring'])}")
        return self.resolved(value)

    def _kept(self, secret: str, what: str) -> str:
        if not secret:
            raise FailedPreconditionError(
                f"{what} is not set", reason="DEVICE_CREDENTIALS", hint="set it where Eigen OS is started"
            )
        if len(secret) >= _SHORTEST:
            self._secrets.add(secret)
        return secret


def _from_keyring(entry: str) -> str:
    try:
        keyring = import_module("keyring")  # of whoever uses it
    except ImportError:
        raise FailedPreconditionError(
            "the package keyring is not installed", reason="DEVICE_CREDENTIALS", hint="pip install keyring"
        ) from None
    service, _, user = entry.rpartition("/")
    return str(keyring.get_password(service, user) or "")
