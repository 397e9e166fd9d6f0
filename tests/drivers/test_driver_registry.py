"""Drivers are found by their entry points, and a broken one takes nothing with it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from eigen.drivers.registry import ENTRY_POINT_GROUP, find_drivers, installed_drivers


def entry_point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=ENTRY_POINT_GROUP)


GOOD = entry_point("scripted", "eigen.testing.scripted_driver:ScriptedDriver")


def test_the_simulator_is_installed() -> None:
    assert installed_drivers()["sim"].name == "sim"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_package:Driver", "ModuleNotFoundError"),
        ("json:NoSuchClass", "AttributeError"),
        ("json:JSONDecoder", "is not an eigen.ports.drivers.Driver"),
        ("eigen.ports.drivers:Driver", "abstract"),
    ],
)
def test_a_broken_driver_is_reported_and_the_others_work(value: str, reason: str) -> None:
    found = find_drivers([entry_point("broken", value), GOOD])
    assert list(found.drivers) == ["scripted"]
    assert [problem.name for problem in found.problems] == ["broken"]
    assert reason in found.problems[0].reason


def test_two_drivers_of_one_name_are_a_problem_of_the_second() -> None:
    found = find_drivers([GOOD, GOOD])
    assert list(found.drivers) == ["scripted"]
    assert "another installed package" in found.problems[0].reason


def test_the_reason_of_a_problem_is_printable() -> None:
    found = find_drivers([entry_point("broken", "no\x1b[31mcolour:Driver")])
    assert "\x1b" not in found.problems[0].reason


def test_listing_the_devices_loads_no_simulator() -> None:
    code = (
        "import sys; from eigen.drivers.registry import installed_drivers;"
        "print(installed_drivers()['sim'].devices()[0].device_id,"
        "[name for name in ('qiskit', 'qiskit_aer', 'numpy', 'scipy', 'pydantic') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "sim:local []\n"
