"""The optimizers by name: one table, each entry a function from the objective to how it ended.

COBYLA is NLopt's: from 1.16 on SciPy's is Python code and takes a hundred times as long for each step as a small
circuit (`benchmarks/loops.py` measures both). NELDER-MEAD, COBYQA, POWELL, L-BFGS-B and SLSQP are SciPy's, SPSA and
ADAM are in `stochastic`. All of them are deterministic given what the objective answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eigen.optimization.stochastic import Bounds, Ending, adam, spsa

__all__ = ["GRADIENT_METHODS", "METHODS", "Problem"]

Value = Callable[[NDArray[np.float64]], float]
Gradient = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

GRADIENT_METHODS = frozenset({"L-BFGS-B", "SLSQP", "ADAM"})
"""Methods that ask for gradients."""

_COBYLA_STEP = 1.0
_COBYLA_TOL = 1e-4
_SPSA_ITERATIONS = 100
_ADAM_ITERATIONS = 1_000
_ADAM_TOL = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What an optimizer is given.

    Attributes:
        value: The objective.
        gradient: The objective and its gradient.
        initial: Where to begin, float64 of shape (parameters,).
        bounds: Where to look.
        is_bounded: Whether any bound is finite.
        max_iters: Most iterations, or None for the method's default.
        tol: When to stop, in the method's own sense, or None for its default.
        seed: Seed of its own random numbers.
    """

    value: Value
    gradient: Gradient
    initial: NDArray[np.float64]
    bounds: Bounds
    is_bounded: bool
    max_iters: int | None
    tol: float | None
    seed: int


def _cobyla(problem: Problem) -> Ending:
    """Powell's linear approximations; `tol` is the last trust region's size, an iteration is an evaluation.

    NLopt never makes a trust region smaller that is wider than the bounds are apart, so none begins like that.
    """
    import nlopt

    optimizer = nlopt.opt(nlopt.LN_COBYLA, len(problem.initial))
    failure: list[BaseException] = []
    calls = 0

    def value(x: NDArray[np.float64], _gradient: object) -> float:
        nonlocal calls
        calls += 1
        try:
            return problem.value(x.copy())
        except BaseException as error:  # noqa: BLE001  # carried over the foreign code between, see below
            failure.append(error)
            optimizer.force_stop()
            return 0.0

    optimizer.set_min_objective(value)
    if problem.is_bounded:
        optimizer.set_lower_bounds(problem.bounds.low)
        optimizer.set_upper_bounds(problem.bounds.high)
    optimizer.set_initial_step(np.minimum(_COBYLA_STEP, problem.bounds.high / 2 - problem.bounds.low / 2))
    optimizer.set_xtol_abs(_COBYLA_TOL if problem.tol is None else problem.tol)
    if problem.max_iters is not None:
        optimizer.set_maxeval(problem.max_iters)
    try:
        x = optimizer.optimize(problem.initial)
    except (nlopt.ForcedStop, nlopt.RoundoffLimited):
        if failure:
            raise failure[0] from None
        return Ending(None, calls, False, "rounding keeps it from going on")
    is_converged = optimizer.last_optimize_result() == nlopt.XTOL_REACHED
    message = "the trust region is as small as tol" if is_converged else f"{problem.max_iters} iterations are done"
    return Ending(np.asarray(x), calls, is_converged, message)


def _scipy(method: str, *, tolerances: tuple[str, ...], **fixed: Any) -> Callable[[Problem], Ending]:
    """Return an optimizer of SciPy's.

    Args:
        method: Its name there.
        tolerances: Its options that `tol` stands for.
        fixed: Options that it always has: limits of evaluations are the loop's, not the method's.
    """
    asks_gradient = method.upper() in GRADIENT_METHODS

    def minimized(problem: Problem) -> Ending:
        from scipy.optimize import Bounds as SciPyBounds
        from scipy.optimize import minimize

        options = dict(fixed)
        if problem.max_iters is not None:
            options["maxiter"] = problem.max_iters
        if problem.tol is not None:
            options |= dict.fromkeys(tolerances, problem.tol)
        found = minimize(
            problem.gradient if asks_gradient else problem.value,
            problem.initial,
            jac=asks_gradient,
            method=method,
            bounds=SciPyBounds(problem.bounds.low, problem.bounds.high) if problem.is_bounded else None,
            options=options,
        )
        return Ending(np.asarray(found.x, dtype=np.float64), int(found.nit), bool(found.success), str(found.message))

    return minimized


def _spsa(problem: Problem) -> Ending:
    return spsa(
        problem.value,
        problem.initial,
        bounds=problem.bounds,
        max_iters=problem.max_iters or _SPSA_ITERATIONS,
        tol=problem.tol,
        seed=problem.seed,
    )


def _adam(problem: Problem) -> Ending:
    return adam(
        problem.gradient,
        problem.initial,
        bounds=problem.bounds,
        max_iters=problem.max_iters or _ADAM_ITERATIONS,
        tol=_ADAM_TOL if problem.tol is None else problem.tol,
    )


_MANY = 2**31 - 1

METHODS: Mapping[str, Callable[[Problem], Ending]] = MappingProxyType(
    {
        "COBYLA": _cobyla,
        "NELDER-MEAD": _scipy("Nelder-Mead", tolerances=("xatol", "fatol"), maxfev=_MANY),
        "COBYQA": _scipy("COBYQA", tolerances=("final_tr_radius",), maxfev=_MANY, maxiter=_MANY),
        "POWELL": _scipy("Powell", tolerances=("xtol", "ftol"), maxfev=_MANY),
        "L-BFGS-B": _scipy("L-BFGS-B", tolerances=("ftol", "gtol"), maxfun=_MANY),
        "SLSQP": _scipy("SLSQP", tolerances=("ftol",)),
        "SPSA": _spsa,
        "ADAM": _adam,
    }
)
"""Every optimizer by the name that `minimize` knows it by (`OPTIMIZER_METHODS`)."""
