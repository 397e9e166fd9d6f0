"""qsim's compiled module, without Cirq and with it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from eigen.drivers.qsim.library import load_qsim
alone = load_qsim()
assert "cirq" not in sys.modules and "qsimcirq" not in sys.modules
assert {"Circuit", "add_matrix_gate", "qsim_simulate_fullstate"} <= set(dir(alone))
import qsimcirq
assert qsimcirq.qsim is alone is load_qsim()
"""


def test_the_module_is_the_packages_own_and_is_loaded_without_cirq() -> None:
    """In a process of its own: what is imported here is not forgotten."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], check=True)
