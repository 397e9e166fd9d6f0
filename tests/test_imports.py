"""What is loaded when: `import eigen` and look-ups stay quick."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import eigen
from eigen.testing.scripted_driver import ScriptedDriver

HEAVY = ("qiskit", "qiskit_aer", "scipy", "numpy")
COMMAND = "from eigen.cli.app import main\ntry: main({words!r})\nexcept SystemExit as end: assert not end.code, end"
PROGRAM = '@hybrid_program(target="scripted:device", shots=10)\ndef main():\n    h(0)\n    measure_all()\n'

LOOKS = {
    # a question, and which of Eigen OS's parts it may load besides what all of them need
    ("status", "@last"): set(),
    ("jobs",): set(),
    ("events", "@last"): set(),
    ("results", "@last"): {"qfs"},
    ("artifacts", "ls", "@last"): {"qfs"},
}
OWN_PARTS = {"api", "cli", "client", "contracts", "kernel", "ports", "system", "telemetry", "workers"}
OTHERS = {"anyio", "orjson", "rfc8785", "typing_extensions"}
"""Packages that a look-up may load besides typer and what that brings; of anyio only the door, see below."""

SLOW = {"asyncio", "anyio._core._eventloop", "concurrent.futures", "ctypes", "logging", "socket", "ssl"}
"""Of the standard library and of anyio, what an event loop and its threads need: a look-up has none."""


def loaded_after(code: str) -> set[str]:
    script = (
        f"import sys\nown = set(sys.modules)\n{code}\nprint('\\n'.join({{*sys.modules}} - own), file=sys.__stderr__)"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(finished.stderr.split())


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "code",
    [
        "import eigen",
        "import eigen.client.sync, eigen.system.composition",
        "import eigen.testing.plugin",
        COMMAND.format(words=["--help"]),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str) -> None:
    assert loaded_after(code).isdisjoint(HEAVY)


def test_importing_eigen_loads_nothing_of_its_own_but_the_version() -> None:
    own = {name for name in loaded_after("import eigen") if name.startswith("eigen.")}
    assert own <= {"eigen.contracts", "eigen.contracts.version"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a job that is DONE."""
    folder = tmp_path_factory.mktemp("looked-at")
    with eigen.Client(root=folder, drivers={"scripted": ScriptedDriver()}) as client:
        client.submit(PROGRAM).results()
    return folder


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_a_look_up_loads_no_event_loop_and_no_part_that_it_does_not_ask(root: Path, words: tuple[str, ...]) -> None:
    loaded = loaded_after(COMMAND.format(words=[*words, "--root", str(root)]))
    brought = packages(loaded) - packages(loaded_after("import typer"))
    assert brought - sys.stdlib_module_names <= {"eigen", *OTHERS}
    assert loaded.isdisjoint(SLOW)
    assert {name.split(".")[1] for name in loaded if name.startswith("eigen.")} <= OWN_PARTS | LOOKS[words]
