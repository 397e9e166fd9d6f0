"""Secrets in stories: what the environment calls a secret does not go into the log, whoever quotes it.

Inputs, programs, job files and options are never logged at all. A traceback is the one text in the log that is not
ours: a vendor's error may quote the token that it was refused with. Credentials come by environment variables, whose
names say what they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["without_secrets"]

_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|HEADERS", re.IGNORECASE)
_SHORTEST = 6
"""A shorter value is no secret, and would take words out of every text."""


def without_secrets(text: str, variables: Mapping[str, str]) -> str:
    """Return a text in which the values of variables with secret names are the variables' names instead.

    Args:
        text: Such as a traceback.
        variables: The environment.

    Example:
        >>> without_secrets("401 for hunter22", {"VENDOR_TOKEN": "hunter22", "HOME": "401"})
        '401 for [VENDOR_TOKEN]'
    """
    secrets = [(value, name) for name, value in variables.items() if _SECRET_NAME.search(name)]
    for value, name in sorted(secrets, key=lambda one: -len(one[0])):  # one may be a part of another
        if len(value) >= _SHORTEST:
            text = text.replace(value, f"[{name}]")
    return text
