"""Devices that an operator has configured: sections of `config.toml`, read strictly.

```toml
[devices."lab:line"]
backend = "qiskit.providers.fake_provider:GenericBackendV2"
options = {num_qubits = 5, noise_info = false}
qubits = 5

[devices."ionq:simulator"]
backend = "qiskit_ionq:IonQProvider"
options = {token = {env = "IONQ_API_KEY"}}
name = "ionq_simulator"
qubits = 29

[devices."ibm:ibm_fez"]        # by IBM's service, with its own account, or options = {token = {env = "…"}}
qubits = 156
```

Whoever may write this file may name code to be run, in worker processes; a job file never can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from eigen.contracts.diagnostics import nearest
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.execution import MAX_SHOTS
from eigen.contracts.printable import quoted
from eigen.drivers.ibm.driver import IbmDriver
from eigen.drivers.qiskit_backends.description import QiskitBackend
from eigen.drivers.qiskit_backends.driver import QiskitBackendDriver
from eigen.ports.drivers import Driver

__all__ = ["configured_drivers"]

_DEVICE_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}:[A-Za-z0-9][A-Za-z0-9_.-]{0,126}")
_NAME = r"[A-Za-z_]\w*"
_PATH = re.compile(rf"{_NAME}(\.{_NAME})*:{_NAME}", re.ASCII)
_MOST_QUBITS = 10_000
_MOST_SLOTS = 1_000
_MOST_BATCH = 1_000
_MOST_CANCEL_SEC = 60
_AT_ONCE = {"max_batch": 1, "cancel_sec": 0.5}
_BY_QUEUE = {"max_batch": 100, "cancel_sec": 10.0}


class _Key(NamedTuple):
    field: str
    is_allowed: Callable[[Any], bool]
    shape: str


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _MOST_CANCEL_SEC


def _count(most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and 1 <= value <= most


_KEYS: Mapping[str, _Key] = {
    "backend": _Key("path", lambda value: _text(value) and bool(_PATH.fullmatch(value)), "package.module:Name"),
    "qubits": _Key("num_qubits", _count(_MOST_QUBITS), f"a whole number from 1 to {_MOST_QUBITS}"),
    "options": _Key("options", lambda value: isinstance(value, dict), "a table of arguments"),
    "name": _Key("backend_name", _text, "the name that the provider knows the backend by"),
    "description": _Key("description", _text, "a sentence"),
    "packages": _Key("distributions", lambda value: isinstance(value, list) and all(map(_text, value)), "a list"),
    "max_shots": _Key("max_shots", _count(MAX_SHOTS), f"a whole number from 1 to {MAX_SHOTS}"),
    "slots": _Key("slots", _count(_MOST_SLOTS), f"a whole number from 1 to {_MOST_SLOTS}"),
    "max_batch": _Key("max_batch", _count(_MOST_BATCH), f"a whole number from 1 to {_MOST_BATCH}"),
    "cancel_sec": _Key("cancel_sec", _seconds, f"a number from 0 to {_MOST_CANCEL_SEC}"),
    **{
        name: _Key(name, lambda value: isinstance(value, bool), "true or false")
        for name in ("simulator", "mid_circuit_measurement", "feed_forward", "reset")
    },
}
_REQUIRED = ("backend", "qubits")
_IBM = "ibm"
_IBM_SERVICE = "qiskit_ibm_runtime:QiskitRuntimeService"


def configured_drivers(sections: Mapping[str, Any], *, file: Path) -> dict[str, Driver]:
    """Return a driver for each first part of the ids of the devices that are configured.

    Args:
        sections: What stands under `devices`, by device id.
        file: Where it stands, for messages.

    Raises:
        InvalidArgumentError: A section is wrong (reason `CONFIG_DEVICE`); the message names file, device and key.
    """
    drivers: dict[str, dict[str, QiskitBackend]] = {}
    for device_id, section in sections.items():
        backend = _backend(device_id, section, file)
        drivers.setdefault(device_id.partition(":")[0], {})[device_id] = backend
    return {
        name: IbmDriver(name, backends) if name == _IBM else QiskitBackendDriver(name, backends)
        for name, backends in drivers.items()
    }


def _backend(device_id: str, section: Any, file: Path) -> QiskitBackend:
    if not _DEVICE_ID.fullmatch(device_id):
        _refuse(file, device_id, "its id must look like <driver>:<device>", 'write [devices."lab:line"]')
    if not isinstance(section, dict):
        _refuse(file, device_id, "it must be a table", f"there are {', '.join(_KEYS)}")
    for name in section:
        if name not in _KEYS:
            guess = nearest(name, _KEYS)
            hint = f"did you mean {guess}?" if guess else f"there are {', '.join(_KEYS)}"
            _refuse(file, device_id, f"it has an unknown key {quoted(name)}", hint)
        if not _KEYS[name].is_allowed(section[name]):
            _refuse(file, device_id, f"{name} is not allowed as it is", f"it must be {_KEYS[name].shape}")
    given = {**_defaults(device_id, is_simulator=section.get("simulator", True)), **section}
    for name in _REQUIRED:
        if name not in given:
            _refuse(file, device_id, f"it lacks {name}", f"it must be {_KEYS[name].shape}")
    values = {_KEYS[name].field: value for name, value in given.items()}
    values["distributions"] = ("qiskit", *given.get("packages", ()))
    return QiskitBackend(device_id=device_id, **{"description": f"{given['backend']}, as configured"} | values)


def _defaults(device_id: str, *, is_simulator: bool) -> Mapping[str, Any]:
    """Return what holds for a device where its section says nothing else."""
    driver, _, machine = device_id.partition(":")
    if driver != _IBM:
        return _AT_ONCE if is_simulator else _BY_QUEUE
    return {
        "backend": _IBM_SERVICE,
        "name": machine,
        "description": "A machine of IBM Quantum",
        "packages": ["qiskit-ibm-runtime"],
        "simulator": False,
        "mid_circuit_measurement": True,
        "reset": True,
        "slots": 5,
        "max_batch": 300,
        "max_shots": 100_000,
    }


def _refuse(file: Path, device_id: str, what: str, hint: str) -> NoReturn:
    raise InvalidArgumentError(
        f"the device {quoted(device_id)} in {quoted(str(file), limit=200)} is wrong: {what}",
        reason="CONFIG_DEVICE",
        hint=hint,
    )
