"""Errands: the kinds of job that clients run, and how each may end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from eigen.contracts.compilation import Language, ProgramSource
from eigen.contracts.jobs import JobState
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody
from eigen.contracts.requests import SubmitJobRequest

__all__ = ["BELL_AQO", "ERRANDS", "Errand", "request"]

BELL_AQO = (
    b'{"version":"0.1","qubits":2,"operations":[{"op":"H","q":[0]},{"op":"CX","q":[0,1]},'
    b'{"op":"MEASURE","q":[0,1],"c":[0,1]}]}'
)
_TURN_AQO = (
    b'{"version":"0.1","qubits":1,"parameters":["a"],"operations":[{"op":"RY","q":[0],"params":{"theta":"a"}},'
    b'{"op":"MEASURE","q":[0],"c":[0]}]}'
)
_LOOP = b"""\
@hybrid_program
def main(a: Param = 0.0, b: Param = 0.0):
    ry(0, a)
    cx(0, 1)
    ry(1, b)
    found = minimize(ExpectationValue("energy", Z(0) + 0.5 * Z(1)), [0.3, -0.4], method="Nelder-Mead", max_evals=6)
    return {"found": found}
"""
_BELL = b"@hybrid_program\ndef main():\n    h(0)\n    cx(0, 1)\n    measure_all()\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A kind of job.

    Attributes:
        content: The program.
        language: What it is written in.
        deed: What the device does with it.
        may_end: The states in which it may end.
        timeout_sec: Its limit, seconds.
        is_cancelled: Whether its client cancels it.
        has_key: Whether its client gives it an idempotency key, and so may repeat a submission with no answer.
        sweep: The points at which it is measured, where there are several.
    """

    content: bytes = BELL_AQO
    language: Language = Language.AQO
    deed: str = "answer"
    may_end: frozenset[JobState]
    timeout_sec: float | None = None
    is_cancelled: bool = False
    has_key: bool = True
    sweep: Mapping[str, Sequence[float]] = field(default_factory=dict)


_DONE, _ERROR = frozenset({JobState.DONE}), frozenset({JobState.ERROR})
ERRANDS: Mapping[str, Errand] = MappingProxyType(
    {
        "circuit": Errand(may_end=_DONE),
        "source": Errand(content=_BELL, language=Language.EIGEN_LANG, may_end=_DONE),
        "keyless": Errand(may_end=_DONE, has_key=False),
        "wrong": Errand(content=BELL_AQO.replace(b'"H"', b'"HH"'), may_end=_ERROR),
        "refused": Errand(deed="refuse", may_end=_ERROR),
        "shaky": Errand(deed="die once", may_end=_DONE),
        "poison": Errand(deed="die", may_end=_ERROR),
        "cancelled": Errand(deed="hold", is_cancelled=True, may_end=frozenset({JobState.CANCELLED})),
        "slow": Errand(deed="take time", may_end=_DONE),
        "sweep": Errand(content=_TURN_AQO, sweep={"a": [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]}, may_end=_DONE),
        "loop": Errand(content=_LOOP, language=Language.EIGEN_LANG, may_end=_DONE),
        "dependent": Errand(may_end=_DONE),
        "forlorn": Errand(may_end=_ERROR),
        "late": Errand(deed="hold", timeout_sec=0.02, may_end=frozenset({JobState.TIMEOUT})),
    }
)
"""Every kind by its name."""


def request(
    kind: str, *, key: str, device: str, dependencies: tuple[str, ...] = (), **driver_options: Any
) -> SubmitJobRequest:
    """Return the submission of an errand; the same arguments give the same content."""
    errand = ERRANDS[kind]
    body = JobSpecBody(
        target=device,
        shots=100,
        seed=7,
        language=errand.language,
        timeout_sec=errand.timeout_sec,
        dependencies=dependencies,
        sweep={name: [*values] for name, values in errand.sweep.items()},
        driver_options={} if device.startswith("sim:") else {"deed": errand.deed, **driver_options},
    )
    return SubmitJobRequest(
        spec=JobSpec(metadata=JobMetadata(name=kind, labels={"key": key}), spec=body),
        source=ProgramSource(content=errand.content, filename="program", language=errand.language),
        job_yaml=b"kind: QuantumJob\n",
        idempotency_key=key if errand.has_key else "",
    )
