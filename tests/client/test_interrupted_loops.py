"""Loops whose process is interrupted or killed: real processes, real signals, and the same minimum in the end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import eigen
from eigen.contracts.jobs import JobState

LOOP = '''
import sys
import eigen

PROGRAM = """
@hybrid_program(target="sim:local", shots=300, seed=11)
def main(theta: Param, phi: Param):
    q = QubitRegister(2)
    ry(q[0], theta)
    ry(q[1], phi)
    cx(q[0], q[1])
    ExpectationValue("energy", Z(0) * Z(1) + 0.5 * X(0) + 0.3 * Z(1))
"""


def minimize(client, **options):
    return client.minimize(PROGRAM, "energy", [0.4, -0.3], method="SPSA", max_iters=1000, **options)


def tell(one):
    print(one.index, flush=True)


if __name__ == "__main__":
    with eigen.Client(root=sys.argv[1]) as client:
        minimize(client, group="loop", callback=tell)
'''


EVALUATIONS = 30
"""How far loops are compared; one that is interrupted would go on for long, so that it cannot end before the signal."""


@pytest.fixture(autouse=True)
def foreground() -> Iterator[None]:
    """Processes take Ctrl-C, also where the tests run in a shell's background: that ignores it, and hands this on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> eigen.Minimum:
    """The uninterrupted loop, on a root of its own."""
    with eigen.Client(tmp_path_factory.mktemp("whole") / "root") as client:
        return minimize(client, group="loop", max_evals=EVALUATIONS)


def minimize(client: eigen.Client, **options: Any) -> eigen.Minimum:
    scope: dict[str, object] = {"__name__": "loop"}
    exec(LOOP, scope)
    return scope["minimize"](client, **options)  # type: ignore[operator,no-any-return]  # it is the script's function


def started(folder: Path, *, evaluations: int) -> subprocess.Popen[str]:
    """Return the loop's process when it has told of so many evaluations."""
    (folder / "loop.py").write_text(LOOP)
    process = subprocess.Popen(
        [sys.executable, "loop.py", "root"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for index in range(evaluations):
        assert process.stdout.readline() == f"{index}\n", process.communicate()
    return process


def same(found: eigen.Minimum, whole: eigen.Minimum) -> bool:
    """Return whether a loop has the values of the uninterrupted one, as far as that went, and ends as it does there."""
    values = [[(one.x, one.value) for one in run.history[:EVALUATIONS]] for run in (found, whole)]
    is_as_long = found.nfev == whole.nfev
    return values[0] == values[1] and (not is_as_long or (found.x, found.fun) == (whole.x, whole.fun))


def test_a_killed_loop_is_resumed_to_the_same_bytes(tmp_path: Path, whole: eigen.Minimum) -> None:
    """What its jobs had come to is not run again, and the one that was on its way is not run twice."""
    process = started(tmp_path, evaluations=5)
    process.kill()
    process.communicate()
    with eigen.Client(tmp_path / "root") as client:
        num_kept = len(client.jobs(group="loop", limit=1000))
        found = minimize(client, resume="loop", max_evals=max(EVALUATIONS, num_kept))
        assert same(found, whole)
        assert all(one.replayed for one in found.history[:5])
        assert [job.state for job in client.jobs(group="loop", limit=1000)] == [JobState.DONE] * found.nfev


def test_ctrl_c_says_how_to_go_on_and_leaves_no_job_that_runs(tmp_path: Path, whole: eigen.Minimum) -> None:
    process = started(tmp_path, evaluations=3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    last = told.splitlines()[-1]
    assert last.startswith("KeyboardInterrupt: stopped after ")
    assert last.endswith("the same call with resume='loop' goes on behind them")
    with eigen.Client(tmp_path / "root") as client:
        assert {job.state for job in client.jobs(group="loop", limit=1000)} <= {JobState.DONE, JobState.CANCELLED}
        assert same(minimize(client, resume="loop", max_evals=EVALUATIONS), whole)


def test_a_loop_that_a_device_executes_ends_with_its_timeout_whenever_that_comes(tmp_path: Path) -> None:
    """Also between two requests of its thread, which no cancellation of the event loop reaches by itself."""
    noisy = (
        "@hybrid_program\ndef main(theta: Param = 0.3):\n    ry(0, theta)\n"
        '    minimize(ExpectationValue("z", Z(0)), [0.3], method="SPSA", max_iters=10000, restarts=3)\n'
    )
    with eigen.Client(tmp_path) as client:
        ends = [
            client.submit(noisy, timeout_sec=0.05 + 0.02 * k, shots=50, noise_model="depolarizing:0.01").wait().state
            for k in range(8)
        ]
    assert set(ends) == {JobState.TIMEOUT}
