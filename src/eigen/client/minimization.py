"""A hybrid loop at the user's side (Pattern A): an optimizer here, and a job for each value that it asks for.

The optimizer runs in a thread of its own, so that neither it nor the caller's functions hold up the event loop. The
loop keeps no state but its jobs: they bear its group, its settings and their places (`loop_record`, `evaluations`), so
that a loop that was interrupted or killed is run again against them, and goes on where they end. Seed section 4.2.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from eigen.client.arguments import plain, require_kind
from eigen.client.evaluations import CANCEL_WAIT_SEC, EndedEarly, Evaluations, Series
from eigen.client.loop_record import LOOP_SETTINGS, kept_settings, require_new_group, require_same_loop, settings_text
from eigen.client.minimum import Evaluation, Minimum
from eigen.client.objectives import Objective, objective_of
from eigen.client.packaging import Overrides, own_names, package
from eigen.client.start import Start, start_of
from eigen.contracts.aqo_json import decode
from eigen.contracts.canonical import MAX_SAFE_INTEGER, sha256_hex
from eigen.contracts.compilation import OPTIMIZER_METHODS
from eigen.contracts.diagnostics import nearest
from eigen.contracts.errors import InvalidArgumentError, InvariantError
from eigen.contracts.jobs import GROUP_LABEL
from eigen.contracts.printable import quoted
from eigen.contracts.requests import CompileJobRequest
from eigen.workers.asking_thread import AskingThread

if TYPE_CHECKING:
    import os

    import numpy as np
    from numpy.typing import NDArray

    from eigen.client.packaging import JobLike
    from eigen.contracts.aqo import AQO
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.jobspec import JobSpec
    from eigen.contracts.requests import SubmitJobRequest
    from eigen.contracts.results import JobResults
    from eigen.optimization.methods import Gradient, Problem
    from eigen.optimization.stochastic import Ending
    from eigen.ports.system_api import SystemApi

__all__ = ["Loop", "Minimization"]

_STEM_CHARACTERS = 50
_NO_VALUE = "EL0318"  # the compiler on an input without a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What a caller asks for; the arguments of `AsyncClient.minimize`, those of a job as `overrides`."""

    job: JobLike
    objective: str | Callable[[JobResults], float]
    x0: Mapping[Any, float] | Sequence[float]
    method: str
    bounds: Any
    tol: float | None
    max_iters: int | None
    max_evals: int | None
    resume: str | None
    callback: Callable[[Evaluation], object] | None
    program: str | os.PathLike[str] | None
    overrides: Overrides

    def own_names(self, values: Any) -> Any:
        """Return values by the program's names of parameters; a list as it is."""
        return own_names(self.job, values) if isinstance(values, Mapping) else values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """The loop's program: the job that runs it, what it was compiled to, and that circuit."""

    request: SubmitJobRequest
    compiled: CompiledProgram
    circuit: AQO


class Minimization:
    """One run of a loop.

    Args:
        api: The System API.
        loop: What to minimise, and how.
    """

    def __init__(self, api: SystemApi, loop: Loop) -> None:
        self._api = api
        self._loop = loop
        self._group = ""
        self._evaluations: Evaluations | None = None

    async def run(self) -> Minimum:
        """Run the loop to its end; errors as `AsyncClient.minimize`, each with a note on how to go on behind it."""
        try:
            return await self._run()
        except BaseException as error:
            if self._evaluations is not None and self._evaluations.history:
                error.add_note(
                    f"stopped after {len(self._evaluations.history)} evaluations;"
                    f" the same call with resume={self._group!r} goes on behind them"
                )
            raise

    async def _run(self) -> Minimum:
        loop = self._loop
        program = await self._program()
        start = start_of(
            list(program.compiled.binding),
            fixed=loop.own_names(loop.overrides.inputs),
            x0=loop.own_names(loop.x0),
            bounds=loop.own_names(loop.bounds),
        )
        objective = objective_of(
            loop.objective, observables=program.circuit.observables, outputs=program.compiled.outputs
        )
        series = await self._series(program, start, objective)
        self._group = series.group
        thread = AskingThread(grace_sec=2 * CANCEL_WAIT_SEC)
        evaluations = self._evaluations = Evaluations(self._api, series, thread)
        ending = await thread.run(partial(_optimize, evaluations, loop, program, start, series))
        return _minimum(ending, evaluations.history, series, method=loop.method.upper())

    async def _program(self) -> _Program:
        request = await anyio.to_thread.run_sync(_packaged, self._loop)
        compiled = await self._compiled(request, plain(self._loop.own_names(self._loop.x0)))
        if compiled.hybrid is not None:
            raise InvalidArgumentError(
                "the program declares a loop of its own (minimize), which runs as one job",
                reason="PROGRAM_HAS_LOOP",
                hint="submit it as it is, or leave minimize out of it",
            )
        return _Program(
            request=request,
            compiled=compiled,
            circuit=await anyio.to_thread.run_sync(decode, compiled.aqo_json),
        )

    async def _compiled(self, request: SubmitJobRequest, x0: Any) -> CompiledProgram:
        """Return the compiled program; parameters that have no value yet do not hinder it."""
        body = request.spec.spec
        inputs = {**body.inputs, **(x0 if isinstance(x0, Mapping) else {})}
        asked = partial(CompileJobRequest, source=request.source, entrypoint=body.entrypoint)
        try:
            return await self._api.compile(asked(inputs=inputs))
        except InvalidArgumentError as error:
            missing = [str(one.path).removeprefix("inputs.") for one in error.diagnostics if one.code == _NO_VALUE]
            if isinstance(x0, Mapping) or not missing:
                raise
            with suppress(InvalidArgumentError):
                return await self._api.compile(asked(inputs=inputs | dict.fromkeys(missing, 0.0)))
            raise

    async def _series(self, program: _Program, start: Start, objective: Objective) -> Series:
        """Return the jobs of a new group, or of the one that is resumed, if it is the same loop."""
        loop, spec = self._loop, program.request.spec
        group = loop.resume or spec.metadata.labels.get(GROUP_LABEL) or ""
        before = await kept_settings(self._api, group) if loop.resume else {}
        if group and not before:
            await require_new_group(self._api, group)
        group = group or f"{spec.metadata.name[:_STEM_CHARACTERS].rstrip('-')}-{secrets.token_hex(4)}"
        seeds = (spec.spec.seed, program.compiled.defaults.seed, before.get("seed"))
        seed = next((one for one in seeds if one is not None), None)
        seed = secrets.randbelow(MAX_SAFE_INTEGER + 1) if seed is None else seed
        settings = settings_text(_settings(loop, program, start, objective, seed=seed))
        if before:
            require_same_loop(group, before=before, now=settings)
        return Series(
            request=replace(program.request, spec=_signed(spec, group, settings)),
            parameters=start.parameters,
            objective=objective,
            group=group,
            seed=seed,
            max_evals=loop.max_evals,
            callback=loop.callback,
        )


def _packaged(loop: Loop) -> SubmitJobRequest:
    _check(loop)
    request = package(loop.job, program=loop.program, overrides=loop.overrides).request
    if request.spec.spec.sweep:
        raise InvalidArgumentError(
            "a job that sweeps has no single value to minimise",
            reason="LOOP_SWEEP",
            hint="leave spec.sweep out of a loop's job",
        )
    return request


def _check(loop: Loop) -> None:
    require_kind(loop.method, str, name="method", hint=f"give one of {', '.join(OPTIMIZER_METHODS)}")
    for value, kinds, name in (
        (loop.tol, (int, float), "tol"),
        (loop.max_iters, int, "max_iters"),
        (loop.max_evals, int, "max_evals"),
    ):
        if value is not None:
            require_kind(value, kinds, name=name, hint="give a number")
            if isinstance(value, bool) or not 0 < value < math.inf:
                raise InvalidArgumentError(
                    f"{name} cannot be {value}", reason="LOOP_LIMIT", hint="give a number above 0"
                )
    if loop.resume is not None:
        require_kind(loop.resume, str, name="resume", hint="give the name of a group")
        if loop.overrides.group not in {None, loop.resume}:
            raise InvalidArgumentError(
                "group and resume exclude each other", reason="LOOP_GROUP", hint="resume goes on in its own group"
            )
    if loop.method.upper() not in OPTIMIZER_METHODS:
        guess = nearest(loop.method.upper(), OPTIMIZER_METHODS)
        raise InvalidArgumentError(
            f"there is no method {quoted(loop.method)}",
            reason="UNKNOWN_METHOD",
            hint=f"did you mean {guess}?" if guess else f"there is {', '.join(OPTIMIZER_METHODS)}",
        )


def _settings(loop: Loop, program: _Program, start: Start, objective: Objective, *, seed: int) -> dict[str, Any]:
    """Return everything that shapes the loop and its jobs."""
    body = program.request.spec.spec
    return {
        **body.model_dump(mode="json", exclude_defaults=True),
        "bounds": [[_end(one) for one in pair] for pair in start.bounds],
        "inputs": {name: value for name, value in body.inputs.items() if name not in start.parameters},
        "max_iters": loop.max_iters,
        "method": loop.method.upper(),
        "objective": objective.name,
        "program": sha256_hex(program.request.source.content),
        "seed": seed,
        "tol": loop.tol,
        "x0": dict(zip(start.parameters, start.initial, strict=True)),
    }


def _end(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _signed(spec: JobSpec, group: str, settings: str) -> JobSpec:
    """Return a job with its group and its loop's settings."""
    metadata = spec.metadata.model_copy(
        update={
            "labels": {**spec.metadata.labels, GROUP_LABEL: group},
            "annotations": {**spec.metadata.annotations, LOOP_SETTINGS: settings},
        }
    )
    return spec.model_copy(update={"metadata": metadata})


def _optimize(evaluations: Evaluations, loop: Loop, program: _Program, start: Start, series: Series) -> Ending:
    """Let the optimizer minimise; in its thread."""
    from eigen.optimization.methods import METHODS
    from eigen.optimization.stochastic import Ending

    try:
        return METHODS[loop.method.upper()](_problem(evaluations, loop, program, start, series))
    except EndedEarly as ended:
        return Ending(None, 0, False, str(ended))


def _problem(evaluations: Evaluations, loop: Loop, program: _Program, start: Start, series: Series) -> Problem:
    import numpy as np

    from eigen.optimization.methods import GRADIENT_METHODS, Problem
    from eigen.optimization.seeds import method_seed
    from eigen.optimization.stochastic import Bounds

    ranges = start.bounds or ((-math.inf, math.inf),) * len(start.parameters)
    asks_gradient = loop.method.upper() in GRADIENT_METHODS
    return Problem(
        value=evaluations.value,
        gradient=_gradient(evaluations, program, series) if asks_gradient else _unasked,
        initial=np.array(start.initial),
        bounds=Bounds(np.array([low for low, _ in ranges]), np.array([high for _, high in ranges])),
        is_bounded=bool(start.bounds),
        max_iters=loop.max_iters,
        tol=loop.tol,
        seed=method_seed(series.seed, start=0),
    )


def _gradient(evaluations: Evaluations, program: _Program, series: Series) -> Gradient:
    from eigen.client.slopes import Slopes

    if series.objective.observable is None:
        raise InvalidArgumentError(
            f"{quoted(series.objective.name)} has no gradient: only an expectation value has",
            reason="NO_GRADIENT",
            hint="name an observable, or take a method that asks for values alone, such as COBYLA or SPSA",
        )
    slopes = Slopes(
        evaluations,
        request=series.request,
        compiled=program.compiled,
        circuit=program.circuit,
        observable=series.objective.observable,
        parameters=series.parameters,
    )
    return slopes.gradient


def _unasked(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    raise InvariantError("a method that needs no gradient asked for one")


def _minimum(ending: Ending, history: Sequence[Evaluation], series: Series, *, method: str) -> Minimum:
    x = None if ending.x is None else dict(zip(series.parameters, ending.x.tolist(), strict=True))
    best = min(history, key=lambda one: one.value)
    there = next((one for one in reversed(history) if one.x == x), best)
    return Minimum(
        fun=there.value,
        x=there.x,
        method=method,
        nfev=len(history),
        nit=ending.nit,
        success=ending.success,
        message=ending.message,
        seed=series.seed,
        group=series.group,
        history=tuple(history),
    )
