"""`--noise` stands above the program, and what is wrong with it is said before anything runs."""

from __future__ import annotations

import json

FLIPPED = ["x(0)", "measure([0, 1])"]


def test_noise_of_the_command_line_stands_above_the_programs(shell):
    program = shell.program(FLIPPED, decorator='(shots=20, noise_model="readout:0.5")')
    results = shell.json("run", program, "--noise", "readout:1")
    assert results["counts"] == {"10": 20}
    assert results["metadata"]["noise_model"] == "readout:0as1=1.0,1as0=1.0"


def test_noise_that_cannot_be_read_is_refused_with_its_place(shell):
    refused = shell.run("submit", "--job", shell.job(spec="  noise_model: readout:2\n"), "--json")
    assert refused.returncode == 2
    error = json.loads(refused.stderr)["error"]
    (diagnostic,) = error["details"]["diagnostics"]
    assert (error["reason"], diagnostic["path"]) == ("JOBSPEC_NOISE_MODEL", "spec.noise_model")
    assert "character 9" in diagnostic["message"]
