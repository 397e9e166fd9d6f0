"""Gradients from jobs: one for each, a sweep over shifted angles.

The circuit of these jobs is the program's, with each symbolic angle as a parameter of its own, so that the shifts are
exact whatever the program makes of its parameters (`eigen.optimization`): the first point of the sweep is the value,
the others are shifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eigen.client.evaluations import Evaluations
from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import encode
from eigen.contracts.compilation import CompiledProgram, Language
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.requests import SubmitJobRequest
from eigen.estimation.estimates import Estimate
from eigen.jobfile.program import job_of_program, source_of
from eigen.optimization.circuits import loop_circuit
from eigen.optimization.objective import Objective
from eigen.optimization.sources import Source

__all__ = ["Slopes"]


class Slopes(Source):
    """Values at many angles from one job; called in the optimizer's thread.

    Args:
        evaluations: Runs the jobs.
        request: A job of the loop.
        compiled: Its program.
        circuit: The same, read.
        observable: What is minimised.
        parameters: What is varied.

    Raises:
        InvalidArgumentError: The program asks for a precision, which a circuit cannot say, or depends on nothing.
    """

    def __init__(
        self,
        evaluations: Evaluations,
        *,
        request: SubmitJobRequest,
        compiled: CompiledProgram,
        circuit: AQO,
        observable: str,
        parameters: Sequence[str],
    ) -> None:
        if observable in compiled.precisions:
            raise InvalidArgumentError(
                "a gradient is measured with a number of shots, and the program asks for a precision",
                reason="GRADIENT_PRECISION",
                hint="name shots and leave the precision out, or take a method that needs no gradient",
            )
        apart = loop_circuit(circuit, objective=observable)
        if not apart.gates:
            raise InvalidArgumentError(
                "no gate of the program depends on a parameter",
                reason="NO_GRADIENT",
                hint="there is nothing to minimise",
            )
        self._evaluations = evaluations
        self._request = _request(request, compiled, apart.circuit)
        self._names = apart.circuit.parameters
        self._observable = observable
        self._values = np.array([compiled.binding[name] for name in circuit.parameters])
        self._columns = [circuit.parameters.index(name) for name in parameters]
        self._objective = Objective(apart, self)

    def gradient(self, x: Iterable[float]) -> tuple[float, NDArray[np.float64]]:
        """Return the value at a point and the gradient there, float64 of shape (parameters,).

        Raises:
            EndedEarly, EigenError: As `Evaluations.value`.
        """
        point = self._evaluations.point(x)
        self._values[self._columns] = list(point.values())
        found = self._objective.evaluate(self._values, seed=0, with_gradient=True)  # the job's own seed is derived
        self._evaluations.note(point, found.value, job_id=self._job_id, replayed=self._replayed)
        return found.value, np.array(found.gradient)[self._columns]

    def estimates(self, points: Sequence[NDArray[np.float64]], *, seed: int) -> Sequence[Estimate]:
        """Return the value at each point; see `Source`."""
        columns = np.array(points).T.tolist()
        sweep = dict(zip(self._names, columns, strict=True))
        results, self._replayed = self._evaluations.results(self._request, sweep=sweep)
        self._job_id = results.job_id
        found = [one.expectation_values[self._observable] for one in results.results]
        return [Estimate(one["value"], one["std_error"]) for one in found]


def _request(request: SubmitJobRequest, compiled: CompiledProgram, circuit: AQO) -> SubmitJobRequest:
    """Return a job for a circuit, with what the program's own decorator says in place."""
    loaded = job_of_program(source_of(encode(circuit), filename="", language=Language.AQO))
    body, defaults = request.spec.spec, compiled.defaults
    changed: dict[str, Any] = {
        "program": None,
        "program_path": loaded.spec.spec.program_path,
        "program_sha256": None,
        "entrypoint": None,
        "language": Language.AQO,
        "inputs": {},
        "target": body.target or defaults.target,
        "shots": body.shots or defaults.shots,
        "noise_model": body.noise_model or defaults.noise_model,
    }
    spec = request.spec.model_copy(update={"spec": body.model_copy(update=changed)})
    return replace(request, spec=spec, source=loaded.source, job_yaml=loaded.job_yaml)
