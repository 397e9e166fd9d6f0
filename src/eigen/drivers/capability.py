"""Whether a device can run a circuit, told from what the device says of itself.

A driver's own `admit` knows more (memory, methods) and is asked first; what the device declares is held against the
circuit here, once for each time that the manager admits one, and in the same words for every device.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import DeviceInfo
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError, UnimplementedError
from eigen.contracts.execution import MAX_SHOTS, CircuitPayload, ExecutionOptions
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.printable import printable, quoted

__all__ = ["check_capabilities", "check_format"]

_NOT_GATES = frozenset({BARRIER, MEASURE, RESET})


def check_capabilities(device: DeviceInfo, profile: CircuitProfile, options: ExecutionOptions) -> None:
    """Refuse what the device cannot do.

    Raises:
        InvalidArgumentError: The shots are not positive, or nothing is asked for: no measurement, no observable.
        ResourceExhaustedError: Too many qubits or shots; the message has the figures.
        UnimplementedError: The device lacks something that the circuit needs; the message names all of it.
    """
    _check_shots(device, options)
    _check_qubits(device, profile)
    if MEASURE not in profile.op_counts and not profile.num_observables:
        raise InvalidArgumentError(
            "the circuit measures nothing and has no observable",
            reason="NO_MEASUREMENT",
            hint="measure at least one qubit",
        )
    missing = list(_missing(device, profile, options))
    if missing:
        raise UnimplementedError(
            f"{printable(device.device_id)} cannot run this circuit; it lacks {', '.join(missing)}",
            reason="DEVICE_CAPABILITY",
            hint="choose another device (eigen devices lists them), or change the circuit",
            details={"missing": missing},
        )


def check_format(device: DeviceInfo, payload: CircuitPayload) -> None:
    """Refuse a circuit that is written as the device cannot read it.

    Raises:
        UnimplementedError: The message has the formats that it takes.
    """
    if payload.format not in device.formats:
        raise UnimplementedError(
            f"{printable(device.device_id)} takes {' and '.join(device.formats)}, not {payload.format}",
            reason="DEVICE_FORMAT",
            hint="send the circuit in another format",
        )


def _check_shots(device: DeviceInfo, options: ExecutionOptions) -> None:
    most = min(device.max_shots, MAX_SHOTS)
    if options.shots < 1:
        raise InvalidArgumentError(
            f"shots is {quoted(options.shots)}; at least 1 is needed", reason="SHOTS", hint="give shots of 1 or more"
        )
    if options.shots > most:
        raise ResourceExhaustedError(
            f"{options.shots} shots asked for; {printable(device.device_id)} takes at most {most}",
            reason="SHOTS",
            hint=f"give shots of at most {most}, or submit several jobs",
        )


def _check_qubits(device: DeviceInfo, profile: CircuitProfile) -> None:
    """Refuse more than the widest of the device's methods takes, which no option lifts."""
    most = device.max_qubits or device.num_qubits
    if profile.qubits > most:
        raise ResourceExhaustedError(
            f"the circuit has {profile.qubits} qubits; {printable(device.device_id)} has {most}",
            reason="DEVICE_QUBITS",
            hint=f"use at most {most} qubits, or choose another device",
        )


def _missing(device: DeviceInfo, profile: CircuitProfile, options: ExecutionOptions) -> Iterator[str]:
    ops = _ops(device.gates)
    for op in profile.op_counts:
        if op not in ops:
            yield f"the gate {printable(op.lower())}"
    uncoupled = _uncoupled(device, profile)
    if uncoupled:
        low, high = uncoupled[0]
        more = f" (and on {len(uncoupled) - 1} more pairs)" if len(uncoupled) > 1 else ""
        yield f"a coupling for the gates on the qubits {low} and {high}{more}"
    if profile.has_mid_circuit and not device.mid_circuit_measurement:
        yield "measurement in the middle of a circuit"
    if profile.has_reset and not device.reset:
        yield "reset"
    if profile.has_conditions and not device.feed_forward:
        yield "feed-forward (operations that depend on measured bits)"
    if profile.num_observables and not device.expectation_values:
        yield "exact expectation values"
    if profile.num_observables and (profile.has_mid_circuit or profile.has_reset or profile.has_conditions):
        yield "exact expectation values of states that measurements, resets or conditions decide"
    if options.noise_model is not None and not device.noise_models:
        yield f"noise models ({quoted(options.noise_model)} was asked for; sim:local takes them)"


def _uncoupled(device: DeviceInfo, profile: CircuitProfile) -> list[tuple[int, int]]:
    """Return the pairs of qubits that gates act on and the device cannot couple, where its driver does not route."""
    if device.connectivity is None or device.routes:
        return []
    coupled = frozenset(device.connectivity)
    return [pair for pair in profile.couplings if pair not in coupled]


@lru_cache(maxsize=64)
def _ops(gates: tuple[str, ...]) -> frozenset[str]:
    """Return the operations that circuits may hold on a device with these gates."""
    return _NOT_GATES | {GATES[name].op for name in gates if name in GATES}
