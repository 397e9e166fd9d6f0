"""Puts the parts of a worker's answers together: the other end of `parts`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eigen.contracts.errors import InternalError
from eigen.contracts.execution import ExecutionRequest, ExecutionResult
from eigen.drivers.seeds import derived_seed

__all__ = ["Collector", "into"]


class Collector:
    """The results of one request, one for each binding.

    Args:
        request: What was asked.
        metadata: What is the same for all of its results.
    """

    def __init__(self, request: ExecutionRequest, metadata: Mapping[str, Any]) -> None:
        self._seed = request.options.seed
        self._first = request.first_binding
        self._expected = len(request.bindings)
        self._metadata = metadata
        self._counts: dict[str, int] = {}
        self._values: dict[str, tuple[float, float]] = {}
        self._results: list[ExecutionResult] = []

    def receive(self, part: Mapping[str, Any]) -> None:
        """Take a part: some counts, some expectation values, the end of a binding."""
        self._counts.update(part.get("counts", {}))
        self._values.update({name: (value, 0.0) for name, value in part.get("expectation_values", {}).items()})
        if "execution_time_sec" not in part:
            return
        seed = derived_seed(self._seed, binding_index=self._first + len(self._results))
        result = ExecutionResult(
            counts=self._counts,
            expectation_values=self._values,
            execution_time_sec=part["execution_time_sec"],
            metadata={**self._metadata, **part.get("metadata", {}), "seed": seed, "sampling": part["sampling"]},
        )
        self._results.append(result)
        self._counts, self._values = {}, {}

    @property
    def is_complete(self) -> bool:
        """Whether every binding has its result."""
        return len(self._results) >= self._expected

    def results(self) -> tuple[ExecutionResult, ...]:
        """Return one result for each binding.

        Raises:
            InternalError: There are more or fewer.
        """
        if len(self._results) != self._expected:
            raise InternalError(
                f"{len(self._results)} results came for {self._expected} bindings", reason="ENGINE_BROKE_PROMISE"
            )
        return tuple(self._results)


def into(collectors: Sequence[Collector]) -> Callable[[Mapping[str, Any]], None]:
    """Return what takes the parts of several requests that come one after the other."""

    def receive(part: Mapping[str, Any]) -> None:
        next((one for one in collectors if not one.is_complete), collectors[-1]).receive(part)

    return receive
