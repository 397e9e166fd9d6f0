"""What an engine must do to be run in a worker process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from eigen.contracts.errors import InvariantError

if TYPE_CHECKING:
    from eigen.contracts.aqo import AQO
    from eigen.estimation.grouping import MeasurementGroup
    from eigen.optimization.landscape import Landscape

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

    def landscape(self, circuit: AQO, *, groups: Sequence[MeasurementGroup], arguments: Mapping[str, Any]) -> Landscape:
        """Return a circuit's energy as a function of its angles, for a loop that runs in this worker.

        It is asked only of an engine whose driver says that its device runs loops (`Driver.runs_loops`). Whatever does
        not depend on the angles is done here, once.

        Args:
            circuit: Gates and barriers only: no measurement, reset or condition. Each of its parameters is the angle
                of one gate, by itself (`Affine(((name, 1.0),), 0.0)`), and of no other; an angle's place is that of
                its name in `circuit.parameters`. Other angles are numbers. Where `value` is asked it has exactly one
                observable; else none.
            groups: The groups of Pauli products whose `probabilities` will be asked for; empty where values are exact.
            arguments: JSON values from the driver, such as the number of threads.
        """
        raise InvariantError(f"{type(self).__name__} runs no loops")


def load_engine(path: str) -> type[Engine]:
    """Return the engine class at `package.module:Class`."""
    module_name, _, class_name = path.partition(":")
    engine = getattr(import_module(module_name), class_name)
    if not (isinstance(engine, type) and issubclass(engine, Engine)):
        raise InvariantError(f"{path} is not an Engine")
    return engine
