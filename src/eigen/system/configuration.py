"""What a user has set once for all: environment over `config.toml` over defaults; arguments and options stand above it.

`config.toml` lies in the platform's folder for settings (`EIGEN_CONFIG` names another file), and need not be there:

```toml
root = "~/quantum"             # where the system lives
live_jobs_per_subject = 100    # quotas and limits of one system
memory_bytes = 8_000_000_000

[devices."lab:line"]           # whatever has Qiskit's BackendV2 interface, see `eigen.drivers.qiskit_backends`
backend = "qiskit.providers.fake_provider:GenericBackendV2"
options = {num_qubits = 5}
qubits = 5
```

Folders are those of the XDG Base Directory Specification 0.8, and `~/Library/Application Support` on macOS.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

if TYPE_CHECKING:
    from eigen.ports.kernel import KernelLimits

__all__ = ["KEYS", "Configuration", "Key", "Setting", "load_configuration"]

_APPLICATION = "eigen-os"
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be set.

    Attributes:
        variable: Its environment variable.
        read: Turns a text or a TOML value into its value; raises ValueError.
        shape: What it must be, in words.
    """

    variable: str
    read: Callable[[Any], Any]
    shape: str


def _path(value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError
    try:
        return Path(value).expanduser()
    except RuntimeError as error:  # nobody's home
        raise ValueError from error


def _count(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError
    return number


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return read


def _seconds(value: Any) -> float:
    number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    if not 0 < number < float("inf"):
        raise ValueError
    return number


KEYS: Mapping[str, Key] = {
    "root": Key("EIGEN_HOME", _path, "the path of a folder"),
    "live_jobs": Key("EIGEN_LIVE_JOBS", _count, "a whole number from 1"),
    "live_jobs_per_subject": Key("EIGEN_LIVE_JOBS_PER_SUBJECT", _count, "a whole number from 1"),
    "memory_bytes": Key("EIGEN_MEMORY_BYTES", _count, "a whole number of bytes from 1"),
    "reservation_sec": Key("EIGEN_RESERVATION_SEC", _seconds, "a number of seconds above 0"),
    "reservations_per_subject": Key("EIGEN_RESERVATIONS_PER_SUBJECT", _count, "a whole number from 1"),
    "log_level": Key("EIGEN_LOG_LEVEL", _one_of("info", "warning", "error"), "info, warning or error"),
    "log_format": Key("EIGEN_LOG_FORMAT", _one_of("console", "json"), "console or json"),
}
"""Everything that can be set; all but those with a default of their own are fields of `KernelLimits`."""

_DEFAULTS: Mapping[str, Any] = {"log_level": "info", "log_format": "console"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and where it comes from: an environment variable, `config.toml`, or `default`."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What holds where no argument says otherwise.

    Attributes:
        file: Where `config.toml` is looked for.
        settings: Value and origin of what is no limit, and of whatever else is set.
        devices: The sections of `devices` as they stand in `config.toml`; whoever brings the devices reads them.
    """

    file: Path
    settings: Mapping[str, Setting]
    devices: Mapping[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder that the system lives in."""
        path: Path = self.settings["root"].value
        return path

    @property
    def limits(self) -> KernelLimits:
        """What one system takes on."""
        from eigen.ports.kernel import KernelLimits

        own = {"root", *_DEFAULTS}
        return KernelLimits(**{name: one.value for name, one in self.settings.items() if name not in own})

    @property
    def log_level(self) -> str:
        """The least serious lines that are written to the log; decisions on who may do what always are."""
        level: str = self.settings["log_level"].value
        return level

    @property
    def log_format(self) -> str:
        """How `eigen logs` shows lines."""
        form: str = self.settings["log_format"].value
        return form

    def everything(self) -> dict[str, Setting]:
        """Return every key's value and origin."""
        limits = self.limits
        return {name: self.settings.get(name) or Setting(getattr(limits, name), "default") for name in KEYS}


def load_configuration(environment: Mapping[str, str] | None = None) -> Configuration:
    """Return what the environment and `config.toml` say, and defaults for the rest.

    Args:
        environment: Variables; None for those of the process. One that is empty says nothing.

    Raises:
        InvalidArgumentError: A variable, or `config.toml`, is wrong.
    """
    variables = os.environ if environment is None else environment
    file = Path(variables.get("EIGEN_CONFIG") or _folder(variables, "XDG_CONFIG_HOME", ".config") / "config.toml")
    settings = {name: Setting(value, "default") for name, value in _DEFAULTS.items()}
    settings["root"] = Setting(_folder(variables, "XDG_DATA_HOME", ".local/share"), "default")
    document = _document(file)
    devices = document.pop("devices", {})
    if not isinstance(devices, dict):
        raise _wrong(file, "has a key devices that is no table", hint='write [devices."lab:line"]')
    for name, value in document.items():
        settings[name] = Setting(_in_file(name, value, file), "config.toml")
    for name, key in KEYS.items():
        text = variables.get(key.variable)
        if text:
            settings[name] = Setting(_value(key, text, what=key.variable), key.variable)
    return Configuration(file=file, settings=settings, devices=devices)


def _folder(variables: Mapping[str, str], variable: str, usual: str) -> Path:
    """Return the application's folder of a kind; a variable that is not absolute says nothing (XDG 0.8)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _APPLICATION
    given = variables.get(variable, "")
    return (Path(given) if given.startswith("/") else Path.home() / usual) / _APPLICATION


def _document(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _wrong(file, f"cannot be read: {error.strerror}", hint="look at its permissions") from error
    if len(content) > _MAX_BYTES:
        raise _wrong(file, f"is larger than {_MAX_BYTES} bytes", hint="it holds a few keys only")
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _wrong(file, f"is not TOML: {error}", hint='write lines such as root = "~/quantum"') from error


def _in_file(name: str, value: Any, file: Path) -> Any:
    from eigen.contracts.diagnostics import nearest

    key = KEYS.get(name)
    if key is None:
        guess = nearest(name, KEYS)
        hint = f"did you mean {guess}?" if guess else f"keys are {', '.join(KEYS)}"
        raise _wrong(file, f"has an unknown key {quoted(name)}", hint=hint)
    read = _value(key, value, what=f"{name} in {quoted(str(file), limit=200)}")
    return file.parent / read if name == "root" else read


def _value(key: Key, value: Any, *, what: str) -> Any:
    try:
        return key.read(value)
    except ValueError:
        raise InvalidArgumentError(
            f"{what} cannot be {quoted(value)}", reason="CONFIG_VALUE", hint=f"it must be {key.shape}"
        ) from None


def _wrong(file: Path, what: str, *, hint: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{quoted(str(file), limit=200)} {what}", reason="CONFIG_FILE", hint=hint)
