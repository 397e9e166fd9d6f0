"""Loads backends where they run. Whatever a vendor raises comes out as an `EigenError` without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from eigen.contracts.errors import (
    EigenError,
    FailedPreconditionError,
    InternalError,
    UnimplementedError,
)
from eigen.drivers.qiskit_backends.credentials import Credentials

__all__ = ["load_backend", "loading", "running", "transpiling"]


def load_backend(path: str, *, options: Mapping[str, Any], backend_name: str, credentials: Credentials) -> Any:
    """Return the backend at `package.module:Name`, made with its options.

    Raises:
        FailedPreconditionError: It cannot be imported or made (reason `DEVICE_BACKEND`).
    """
    with loading(credentials):
        module_name, _, name = path.partition(":")
        made = getattr(import_module(module_name), name)(**credentials.resolved(options))
        backend = made.get_backend(backend_name) if backend_name else made
        if not hasattr(backend, "target") or not callable(getattr(backend, "run", None)):
            raise TypeError(f"{type(backend).__name__} is no BackendV2: it has no target or no run")
        return backend


@contextmanager
def loading(credentials: Credentials) -> Iterator[None]:
    """Translate what goes wrong while a backend is loaded."""
    try:
        yield
    except EigenError:
        raise
    except BaseException as error:  # noqa: BLE001  # a vendor's import may raise anything, SystemExit included
        raise FailedPreconditionError(
            f"the backend cannot be loaded: {credentials.told(error)}",
            reason="DEVICE_BACKEND",
            hint="look at the device's section in config.toml, and at what is installed",
        ) from None


@contextmanager
def transpiling(credentials: Credentials) -> Iterator[None]:
    """Translate what goes wrong while a circuit is fitted to a backend."""
    try:
        yield
    except (EigenError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  # passes of Qiskit and of vendors raise all kinds
        raise UnimplementedError(
            f"the circuit cannot be fitted to the backend: {credentials.told(error)}",
            reason="DEVICE_CAPABILITY",
            hint="choose another device, or change the circuit",
        ) from None


@contextmanager
def running(credentials: Credentials) -> Iterator[None]:
    """Translate what goes wrong while a backend runs."""
    try:
        yield
    except (EigenError, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001  # extension modules raise things that are no Exception
        raise InternalError(f"the backend failed: {credentials.told(error)}", reason="ENGINE_FAILED") from None
