"""What is loaded when: `import eigen` and look-ups stay quick."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("qiskit", "qiskit_aer", "scipy", "numpy")


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.__stderr__)"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(finished.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import eigen",
        "import eigen.client.sync, eigen.system.composition",
        "import eigen.testing.plugin",
        "from eigen.cli.app import main\nsys.argv = ['eigen', '--help']\ntry: main()\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str) -> None:
    assert loaded_after(code).isdisjoint(HEAVY)


def test_importing_eigen_loads_nothing_of_its_own_but_the_version() -> None:
    own = {name for name in loaded_after("import eigen") if name.startswith("eigen.")}
    assert own <= {"eigen.contracts", "eigen.contracts.version"}
