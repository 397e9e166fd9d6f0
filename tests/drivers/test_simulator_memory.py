"""What a simulation takes, and what is refused with which figures."""

from __future__ import annotations

import pytest

from eigen.contracts.errors import ResourceExhaustedError
from eigen.contracts.sizes import human_bytes
from eigen.drivers.aer.simulator import METHODS
from eigen.drivers.simulator.memory import admitted_bytes, available_bytes, max_qubits

GIB = 2**30


@pytest.mark.parametrize(
    ("size", "text"),
    [(1, "1 bytes"), (1536, "1.5 KiB"), (16 << 60, "16 EiB"), (19_650_000_000, "18.3 GiB"), (16 << 90, "1.72e+10 EiB")],
)
def test_sizes_are_told_in_binary_units(size: int, text: str) -> None:
    assert human_bytes(size) == text


def test_sixty_qubits_are_refused_with_the_figures() -> None:
    with pytest.raises(ResourceExhaustedError) as caught:
        admitted_bytes(METHODS["statevector"], qubits=60, limit_bytes=19_650_000_000, share_bytes=1)
    assert caught.value.message == "60 qubits need 16 EiB for a state vector; this machine can give 18.3 GiB"
    assert caught.value.reason == "DEVICE_MEMORY"
    assert caught.value.hint.startswith("at most 30 qubits fit")


@pytest.mark.parametrize(("method", "most"), [("statevector", 26), ("density_matrix", 13)])
@pytest.mark.parametrize("qubits", range(1, 71))
def test_exactly_what_fits_is_admitted(method: str, most: int, qubits: int) -> None:
    if qubits <= most:
        needed = admitted_bytes(METHODS[method], qubits=qubits, limit_bytes=GIB, share_bytes=1)
        assert needed == 16 * 2 ** (qubits if method == "statevector" else 2 * qubits)
    else:
        with pytest.raises(ResourceExhaustedError):
            admitted_bytes(METHODS[method], qubits=qubits, limit_bytes=GIB, share_bytes=1)


def test_a_million_qubits_are_refused_as_well_as_sixty() -> None:
    with pytest.raises(ResourceExhaustedError, match="1000000 qubits need inf EiB"):
        admitted_bytes(METHODS["statevector"], qubits=10**6, limit_bytes=GIB, share_bytes=1)


def test_a_method_whose_need_cannot_be_told_gets_its_share() -> None:
    assert admitted_bytes(METHODS["matrix_product_state"], qubits=500, limit_bytes=GIB, share_bytes=77) == 77


def test_a_stabilizer_tableau_of_a_thousand_qubits_fits() -> None:
    assert admitted_bytes(METHODS["stabilizer"], qubits=1_000, limit_bytes=GIB, share_bytes=1) < 2**28


def test_the_number_of_qubits_follows_the_memory() -> None:
    assert max_qubits(METHODS["statevector"], limit_bytes=16 << 20) == 20
    assert max_qubits(METHODS["statevector"], limit_bytes=(16 << 20) - 1) == 19


def test_this_machine_has_some_memory() -> None:
    assert 2**28 < available_bytes() < 2**50
