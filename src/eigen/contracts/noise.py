"""The small language of `noise_model`: what is wrong with the gates and the readout of a simulated device.

    model    = channel {"+" channel}
    channel  = name ":" value {"," value}
    value    = [argument "="] number [unit]

as in `depolarizing:0.001` or `depolarizing:1q=0.001,2q=0.01 + readout:0.02,0.03`. A value without a name stands for the
argument at its place; one alone, for a channel of probabilities, for all of them. Arguments that are not given are 0.
Units (times only, which need one) are s, ms, us, ns. No channel comes twice.

Theory. A channel acts behind every gate, on the gate's qubits, in the order in which the channels are written. Idle
qubits, barriers, resets, and the rotations that are part of measuring in basis X or Y are free of noise. `1q` holds for
gates on one qubit, `2q` for those on two and more. ρ is the state of the gate's n qubits:

- `depolarizing:p`: (1 − p) ρ + p 1/2^n, on all n together. p is Aer's: with probability p the qubits' state is thrown
  away, so that each Pauli product but the identity acts with probability p / 4^n.
- `amplitude_damping:γ`: K₀ = diag(1, √(1 − γ)), K₁ = √γ |0⟩⟨1|, on each qubit.
- `phase_damping:λ`: K₀ = diag(1, √(1 − λ)), K₁ = diag(0, √λ), on each qubit; the same as Z with probability
  (1 − √(1 − λ)) / 2.
- `thermal:t1,t2,gate1q,gate2q,readout`: in the time t that the gate takes, ρ₁₁ falls by e^(−t/T₁) towards |0⟩ and ρ₀₁
  by e^(−t/T₂), on each qubit; in the time `readout` in front of each measurement too. T₂ ≤ 2 T₁.
- `readout:0as1,1as0`: a measured 0 is read as 1 with the one probability, a measured 1 as 0 with the other; counts and
  conditions see what was read.

Sources: M. Nielsen, I. Chuang, "Quantum Computation and Quantum Information", 2010, section 8.3 (channels); Qiskit Aer,
`qiskit_aer.noise.depolarizing_error` (the convention of p).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import NoReturn

from eigen.contracts.diagnostics import nearest
from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["MAX_NOISE_CHARACTERS", "NOISE_CHANNELS", "NoiseChannel", "NoiseModel", "read_noise_model"]

MAX_NOISE_CHARACTERS = 1_024
"""Longest text of a noise model."""

_SECONDS = MappingProxyType({"s": Decimal(1), "ms": Decimal("1e-3"), "us": Decimal("1e-6"), "ns": Decimal("1e-9")})
_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE]-?[0-9]{1,3})?")
_MOST_SECONDS = 1e6
_HINT = "write for example depolarizing:0.001 + readout:0.02,0.03"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A kind of channel.

    Attributes:
        arguments: Names in order.
        required: How many of them must be given.
        is_time: Whether the values are times, seconds; else they are probabilities.
        is_pauli: Whether it is a mixture of Pauli operators.
        shape: Example of it.
    """

    arguments: tuple[str, ...]
    required: int = 0
    is_time: bool = False
    is_pauli: bool = False
    shape: str


NOISE_CHANNELS: Mapping[str, _Kind] = MappingProxyType(
    {
        "depolarizing": _Kind(arguments=("1q", "2q"), is_pauli=True, shape="depolarizing:1q=0.001,2q=0.01"),
        "amplitude_damping": _Kind(arguments=("1q", "2q"), shape="amplitude_damping:1q=0.001,2q=0.01"),
        "phase_damping": _Kind(arguments=("1q", "2q"), is_pauli=True, shape="phase_damping:1q=0.001,2q=0.01"),
        "thermal": _Kind(
            arguments=("t1", "t2", "gate1q", "gate2q", "readout"),
            required=4,
            is_time=True,
            shape="thermal:t1=50us,t2=70us,gate1q=35ns,gate2q=300ns",
        ),
        "readout": _Kind(arguments=("0as1", "1as0"), is_pauli=True, shape="readout:0as1=0.02,1as0=0.03"),
    }
)
"""Every kind of channel, by name."""


@dataclass(frozen=True, slots=True)
class NoiseChannel:
    """One channel of a noise model.

    Attributes:
        name: One of `NOISE_CHANNELS`.
        values: Each of its arguments' values, in the table's order: probabilities, or seconds.
    """

    name: str
    values: tuple[float, ...]

    def __getitem__(self, argument: str) -> float:
        return self.values[NOISE_CHANNELS[self.name].arguments.index(argument)]

    def strength(self, num_qubits: int) -> float:
        """Return the value for a gate on so many qubits: that of `1q` or `gate1q`, else of `2q` or `gate2q`."""
        prefix = "gate" if NOISE_CHANNELS[self.name].is_time else ""
        return self[f"{prefix}{1 if num_qubits == 1 else 2}q"]

    def __str__(self) -> str:
        kind = NOISE_CHANNELS[self.name]
        unit = "s" if kind.is_time else ""
        return f"{self.name}:" + ",".join(
            f"{argument}={value!r}{unit}" for argument, value in zip(kind.arguments, self.values, strict=True)
        )


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """What a simulated device does wrong; `str` gives its canonical text, which `read_noise_model` reads back.

    Attributes:
        channels: In the order in which they act.
    """

    channels: tuple[NoiseChannel, ...]

    @property
    def on_gates(self) -> tuple[NoiseChannel, ...]:
        """Channels that act behind gates, in order."""
        return tuple(one for one in self.channels if one.name != "readout")

    @property
    def readout(self) -> tuple[float, float]:
        """The probabilities to read 1 for 0, and 0 for 1."""
        for one in self.channels:
            if one.name == "readout":
                return one["0as1"], one["1as0"]
        return 0.0, 0.0

    @property
    def spares_readout(self) -> bool:
        """Whether nothing goes wrong while qubits are read."""
        times = [one["readout"] for one in self.channels if one.name == "thermal"]
        return not any((*self.readout, *times))

    @property
    def is_pauli(self) -> bool:
        """Whether everything is a mixture of Pauli operators and flipped bits, which a stabilizer simulator can do."""
        return all(NOISE_CHANNELS[one.name].is_pauli for one in self.channels)

    def __str__(self) -> str:
        return "+".join(map(str, self.channels))


def read_noise_model(text: str) -> NoiseModel:
    """Return the noise model that a text describes.

    Raises:
        InvalidArgumentError: The text cannot be read (reason `NOISE_SYNTAX`), names an unknown channel or argument
            (`NOISE_NAME`), or gives a value that is not allowed (`NOISE_VALUE`); the message has the place.

    Example:
        >>> str(read_noise_model("depolarizing:0.001 + readout:0.02,0.03"))
        'depolarizing:1q=0.001,2q=0.001+readout:0as1=0.02,1as0=0.03'
    """
    if len(text) > MAX_NOISE_CHARACTERS:
        _refuse("NOISE_SYNTAX", f"it has {len(text)} characters; at most {MAX_NOISE_CHARACTERS} are taken", hint=_HINT)
    channels: dict[str, NoiseChannel] = {}
    for at, part in _parts(text, "+", start=0):
        channel = _channel(part, at)
        if channel.name in channels:
            _refuse("NOISE_SYNTAX", f"{channel.name} comes twice", at=at, hint="name each channel once")
        channels[channel.name] = channel
    return NoiseModel(tuple(channels.values()))


def _parts(text: str, separator: str, *, start: int) -> Iterator[tuple[int, str]]:
    """Yield each part without the blanks around it, and the position of its first character."""
    for part in text.split(separator):
        yield start + len(part) - len(part.lstrip(" ")), part.strip(" ")
        start += len(part) + 1


def _channel(text: str, at: int) -> NoiseChannel:
    name, colon, arguments = text.partition(":")
    kind = NOISE_CHANNELS.get(name.rstrip(" "))
    if kind is None:
        _refuse_name(name, "channel", NOISE_CHANNELS, at)
    if not colon:
        _refuse("NOISE_SYNTAX", f"{name} has no values", at=at, hint=f"write for example {kind.shape}")
    values = _values(kind, arguments, at + len(name) + 1)
    _check_values(name.rstrip(" "), kind, values, at)
    return NoiseChannel(name.rstrip(" "), tuple(values.get(one, 0.0) for one in kind.arguments))


def _values(kind: _Kind, text: str, start: int) -> dict[str, float]:
    values: dict[str, float] = {}
    parts = list(_parts(text, ",", start=start))
    for index, (at, part) in enumerate(parts):
        name, equals, number = part.rpartition("=")
        argument = name.strip(" ") if equals else _at(kind, index, part, at)
        if argument not in kind.arguments:
            _refuse_name(argument, "argument", kind.arguments, at)
        if argument in values:
            _refuse("NOISE_SYNTAX", f"{argument} is given twice", at=at, hint=f"as in {kind.shape}")
        values[argument] = _number(number.strip(" "), kind, at)
    if len(parts) == 1 and "=" not in text and not kind.is_time:
        values = dict.fromkeys(kind.arguments, values[kind.arguments[0]])
    return values


def _at(kind: _Kind, index: int, text: str, at: int) -> str:
    """Return the argument that a value without a name stands for."""
    if index >= len(kind.arguments):
        _refuse("NOISE_SYNTAX", f"the value {quoted(text)} is one too many", at=at, hint=f"as in {kind.shape}")
    return kind.arguments[index]


def _number(text: str, kind: _Kind, at: int) -> float:
    matched = _NUMBER.match(text)
    unit = text[matched.end() :].strip(" ") if matched else ""
    if matched is None or (unit not in _SECONDS if kind.is_time else unit):
        what = "a number with one of the units s, ms, us, ns" if kind.is_time else "a number from 0 to 1"
        _refuse("NOISE_SYNTAX", f"{quoted(text)} is not {what}", at=at, hint=f"as in {kind.shape}")
    number = float(Decimal(matched[0]) * _SECONDS.get(unit, 1))
    if not 0 <= number <= (_MOST_SECONDS if kind.is_time else 1) or not math.isfinite(number):
        allowed = f"0 to {_MOST_SECONDS:g} seconds" if kind.is_time else "0 to 1"
        _refuse("NOISE_VALUE", f"{quoted(text)} is not from {allowed}", at=at, hint=f"as in {kind.shape}")
    return number


def _check_values(name: str, kind: _Kind, values: Mapping[str, float], at: int) -> None:
    missing = [one for one in kind.arguments[: kind.required] if one not in values]
    if missing:
        _refuse("NOISE_SYNTAX", f"{name} lacks {', '.join(missing)}", at=at, hint=f"write for example {kind.shape}")
    if name != "thermal":
        return
    if min(values["t1"], values["t2"]) <= 0:
        _refuse("NOISE_VALUE", "t1 and t2 must be above 0", at=at, hint=f"as in {kind.shape}")
    if values["t2"] > 2 * values["t1"]:
        _refuse("NOISE_VALUE", "t2 is more than twice t1, which no qubit has", at=at, hint="give t2 of at most 2 × t1")


def _refuse_name(name: str, what: str, known: Mapping[str, object] | tuple[str, ...], at: int) -> NoReturn:
    guess = nearest(name, known)
    hint = f"did you mean {guess}?" if guess else f"there are {', '.join(known)}"
    _refuse("NOISE_NAME", f"there is no {what} {quoted(name)}", at=at, hint=hint)


def _refuse(reason: str, what: str, *, at: int | None = None, hint: str) -> NoReturn:
    place = f", character {at + 1}" if at is not None else ""
    raise InvalidArgumentError(f"the noise model is wrong{place}: {what}", reason=reason, hint=hint)
