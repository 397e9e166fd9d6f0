"""Noise that is asked for, one channel at a time, held against closed forms (`docs/noise.md` has the channels).

What a device refuses of it is told, as long as it takes some.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from eigen.contracts.aqo import AQO, Operation
from eigen.contracts.errors import UnimplementedError
from eigen.contracts.gates import MEASURE
from eigen.testing.driver_subject import DriverSubject, assert_distribution
from eigen.testing.expectations import expect

__all__ = ["check_noise"]


class _NoiseCase(NamedTuple):
    noise: str
    gates: tuple[tuple[str, tuple[int, ...]], ...]
    expected: Mapping[str, float]


def _bit(one: float) -> dict[str, float]:
    return {"0": 1 - one, "1": one}


_FLIP = (("X", (0,)),)
_THERE_AND_BACK = (("H", (0,)), ("H", (0,)))
_BOTH = (("X", (0,)), ("CX", (0, 1)))
_THERMAL = "thermal:t1=100us,t2=40us,gate1q=30us,gate2q=50us,readout=20us"

_CASES = (
    _NoiseCase("depolarizing:0.5 + readout:0.1,0.3", _FLIP, _bit(0.75 * 0.7 + 0.25 * 0.1)),
    _NoiseCase("depolarizing:1q=0.4,2q=0", _FLIP, _bit(0.8)),
    _NoiseCase("depolarizing:1q=0,2q=0.4", _BOTH, {"00": 0.1, "01": 0.1, "10": 0.1, "11": 0.7}),
    _NoiseCase("readout:0as1=0.2,1as0=0.05", _FLIP, _bit(0.95)),
    _NoiseCase("readout:0as1=0.2,1as0=0.05", (), _bit(0.2)),
    _NoiseCase("amplitude_damping:1q=0.3,2q=0", _FLIP, _bit(0.7)),
    _NoiseCase("amplitude_damping:1q=0,2q=0.3", _BOTH, {"00": 0.09, "01": 0.21, "10": 0.21, "11": 0.49}),
    _NoiseCase("phase_damping:1q=0.51,2q=0", _THERE_AND_BACK, _bit((1 - math.sqrt(0.49)) / 2)),
    _NoiseCase("phase_damping:1q=0.51,2q=0", _FLIP, _bit(1.0)),
    _NoiseCase(_THERMAL, _FLIP, _bit(math.exp(-(30 + 20) / 100))),
    _NoiseCase(_THERMAL, _THERE_AND_BACK, _bit((1 - math.exp(-30 / 40)) / 2 * math.exp(-(30 + 20) / 100))),
)


async def check_noise(subject: DriverSubject) -> None:
    """Run a circuit of one or two gates under each channel."""
    if not subject.device.noise_models:
        return
    refused: list[str] = []
    cases = [case for case in _CASES if subject.can_run(_circuit(case))]
    for case in cases:
        try:
            counts = await subject.counts(_circuit(case), noise_model=case.noise)
        except UnimplementedError:
            refused.append(case.noise)
            continue
        story = f"{', '.join(name for name, _ in case.gates) or 'no gate'} under {case.noise}"
        assert_distribution(counts, {bits: one for bits, one in case.expected.items() if one}, story=story)
    expect(len(refused) < len(cases), "it takes noise models, and refuses each")
    subject.untried.extend(f"the noise {noise}: it is refused" for noise in dict.fromkeys(refused))


def _circuit(case: _NoiseCase) -> AQO:
    qubits = tuple(range(len(next(iter(case.expected)))))
    gates = tuple(Operation(op, acting) for op, acting in case.gates)
    return AQO(qubits=len(qubits), clbits=len(qubits), operations=(*gates, Operation(MEASURE, qubits, c=qubits)))
