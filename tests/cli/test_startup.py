"""What a command loads: look-ups stay quick because nothing heavy is imported for them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"pydantic", "structlog", "opentelemetry", "prometheus_client", "yaml", "numpy", "scipy", "qiskit"}
NOT_FOR_LOOKUPS = {
    "eigen.client.packaging",
    "eigen.compiler",
    "eigen.drivers",
    "eigen.kernel.machine",
    "eigen.kernel.shell",
    "eigen.system.composition",
    "eigen.telemetry.setup",
}
NOT_FOR_STATES = {"eigen.contracts.aqo", "eigen.contracts.execution", "eigen.contracts.loops"}
"""What `jobs` and `status`, which are asked most often, do without as well."""

PROBE = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from eigen.cli.app import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["jobs"],
        ["jobs", "--json"],
        ["events", "@last"],
        ["trace", "@last"],
        ["explain", "@last"],
        ["logs", "@last"],
        ["status", "@last"],
        ["status", "@last", "--json"],
        ["results", "@last"],
        ["results", "@last", "--json"],
        ["artifacts", "ls", "@last"],
        ["version"],
    ],
    ids=" ".join,
)
def test_a_look_up_loads_nothing_that_only_jobs_need(done_shell, arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], env=done_shell.variables, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert not loaded & HEAVY
    assert not loaded & NOT_FOR_LOOKUPS
    assert arguments[0] not in {"jobs", "status"} or not loaded & NOT_FOR_STATES
    assert not {name for name in loaded if name.split(".")[0] == "rich"}  # a pipe needs no tables with borders
