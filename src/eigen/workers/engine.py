"""What an engine must do to be run in a worker process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from eigen.contracts.errors import InvariantError

__all__ = ["Engine", "load_engine"]


class Engine(ABC):
    """One vendor's simulator inside a worker; made with no arguments, once in each worker.

    Its methods may raise any error: an `EigenError` reaches the caller as it is, `MemoryError` as RESOURCE_EXHAUSTED,
    anything else as INTERNAL with its story in the log only.
    """

    @classmethod  # noqa: B027  # an engine that imports quickly has nothing to do
    def preload(cls) -> None:
        """Import what is slow to import, once, in the nursery; must start no thread, since workers are forked after."""

    @abstractmethod
    def prepare(self, content: bytes) -> Any:
        """Return whatever of a circuit can be made before its run is known; it is cached by the circuit's digest."""

    @abstractmethod
    def run(self, prepared: Any, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Run a prepared circuit.

        Args:
            prepared: What `prepare` gave.
            arguments: JSON values.

        Yields:
            JSON objects, each well under `MAX_HEADER_BYTES` as text.
        """


def load_engine(path: str) -> type[Engine]:
    """Return the engine class at `package.module:Class`."""
    module_name, _, class_name = path.partition(":")
    engine = getattr(import_module(module_name), class_name)
    if not (isinstance(engine, type) and issubclass(engine, Engine)):
        raise InvariantError(f"{path} is not an Engine")
    return engine
