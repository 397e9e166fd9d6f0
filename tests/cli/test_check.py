"""`eigen check`: it finds what a submission would be refused with, at places that editors can jump to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ENTANGLED = ["q = QubitRegister(60)", "for _ in range(40):", "    ry(q, 0.3)", "    for k in range(59):"]
ENTANGLED += ["        cx(q[k], q[k + 1])"]
_TWO = ["q = QubitRegister(2)", "h(q)", "measure(q)"]

REFUSED = {
    # what is wrong: body, lines of spec, decorator (then it is a program file)
    "a gate": (["hh(0)"], "", ""),
    "an option of the decorator": (_TWO, "", "(shots=0)"),
    "the decorator's target": (_TWO, "", '(target="sim:nowhere")'),
    "the target": (_TWO, "  target: sim:nowhere\n", ""),
    "shots": (_TWO, "  shots: 0\n", ""),
    "a missing input": (["h(n)"], "", ""),
    "an input that there is not": (_TWO, "  inputs: {theta: 1}\n", ""),
    "the entry point": (_TWO, "  entrypoint: other\n", ""),
    "memory": ([*ENTANGLED, "measure(q)"], "", ""),
    "a driver's option": (_TWO, "  driver_options: {methood: statevector}\n", ""),
    "the value of a driver's option": (_TWO, "  driver_options: {method: fast}\n", ""),
    "a method that cannot run the circuit": (["rx(0, 0.1)"], "  driver_options: {method: stabilizer}\n", ""),
    "a compiler's option": (_TWO, "  compiler_options: {optimization_level: 7}\n", ""),
    "too many dependencies": (
        _TWO,
        "  dependencies:\n" + "".join(f"    - job_{index:026}\n" for index in range(257)),
        "",
    ),
}


def without_memory_left(message: str) -> str:
    """Return a message without what the machine can give, which is another number at every moment."""
    return re.sub(r"can give [0-9.]+ \wiB", "can give", message)


@pytest.mark.parametrize(("body", "spec", "decorator"), REFUSED.values(), ids=REFUSED)
def test_it_finds_what_a_submission_is_refused_with(shell, body, spec, decorator):
    job = shell.program(body, decorator=decorator) if decorator else shell.job(body, spec=spec)
    checked = shell.run("check", job, "--json")
    assert not shell.root.exists(), "nothing is kept"
    errors = [one for one in json.loads(checked.stdout) if one["severity"] == "error"]
    submitted = shell.run("submit", "--job", job, "--json")
    refusal = json.loads(submitted.stderr)["error"]
    assert (checked.returncode, submitted.returncode) == (2, 2)
    assert errors[0]["code"] == refusal["reason"]
    assert without_memory_left(errors[0]["message"]) in without_memory_left(refusal["message"])


def test_it_tells_every_problem_and_warning_of_a_job_at_once(shell):
    job = shell.job(["hh(0)", "rx(0)"], spec="  targett: sim:local\n  target: sim:nowhere\n")
    codes = [one["code"] for one in json.loads(shell.run("check", job, "--json").stdout)]
    assert codes == ["JOBSPEC_UNKNOWN_KEY", "JOBSPEC_UNKNOWN_TARGET", "EL0202", "EL0207"]


def test_it_warns_of_a_program_that_no_device_can_take(shell):
    checked = shell.run("check", shell.job(["n = 1", *ENTANGLED]), "--json")
    assert [one["code"] for one in json.loads(checked.stdout)] == ["DEVICE_MEMORY", "EL0703"]


PLACES = {
    # what the text is: lines of the body, the text that is wrong, its code
    "a name": (["q = QubitRegister(2)", "hh(q[0])"], "hh", "EL0202"),
    "behind letters of two and four bytes": (['s = "é𝄞"; h(len(s)); rxx(0)'], "rxx", "EL0207"),
    "inside of brackets": (["h([0, 1,", "   zz])"], "zz", "EL0201"),
    "over two lines": (["cx(0,", "   0)"], "cx(0,\n   0)", "EL0404"),
    "in a helper's call": (["h(0, 1, 2)"], "h", "EL0206"),
    "at the end of a line": (["h(0) # é", "x(0); y(0); z(9999 + 1)"], "9999 + 1", "EL0405"),
}


def _cut(text: str, span: dict[str, int]) -> str:
    """The stretch of a text, in code points, with lines joined as an editor would; indentation is kept."""
    lines = text.split("\n")[span["line"] - 1 : span["end_line"]]
    if len(lines) == 1:
        return lines[0][span["column"] - 1 : span["end_column"] - 1]
    return "\n".join([lines[0][span["column"] - 1 :], *lines[1:-1], lines[-1][: span["end_column"] - 1]])


def _unindented(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


@pytest.mark.parametrize(("body", "wrong", "code"), PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("is_inline", [True, False], ids=["inline", "file"])
def test_an_editor_finds_the_text_that_is_wrong(shell, body, wrong, code, is_inline):
    """In the program, and for one that stands in a job file in that as well; by the command that is installed."""
    name = shell.job(body) if is_inline else shell.program(body)
    eigen = Path(sys.executable).with_name("eigen")
    done = subprocess.run(
        [eigen, "check", name, "--json"], cwd=shell.folder, env=shell.variables, capture_output=True, check=False
    )
    assert done.returncode == 2, done.stderr
    [found] = [one for one in json.loads(done.stdout) if one["severity"] == "error"]
    file = (shell.folder / name).read_text()
    program = "\n".join(["@hybrid_program", "def main():", *(f"    {line}" for line in body), ""])
    assert found["code"] == code
    assert _unindented(_cut(program, found["span"])) == _unindented(wrong)
    assert found["span"]["text"] == program.split("\n")[found["span"]["line"] - 1]
    places = [one["span"] for one in found["notes"] if one["span"] is not None]
    assert [one["file"] for one in places] == (["job.yaml"] if is_inline else [])
    assert all(_unindented(_cut(file, one)) == _unindented(wrong) for one in places)
