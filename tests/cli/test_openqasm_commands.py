"""OpenQASM on the command line: files in, `--emit` out."""

from __future__ import annotations

import json

from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.compilation import Language, ProgramSource

OLDER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n'
NEWER = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] a;\nqubit q;\nbit c;\nrx(a) q;\nc = measure q;\n'


def test_openqasm_files_run(shell):
    older = shell.write("bell.qasm", OLDER)
    newer = shell.write("turn.qasm", NEWER)
    done = shell.run("run", older, "--shots", "100", "--seed", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["counts"]) == {"00", "11"}
    done = shell.run("run", newer, "--shots", "100", "--seed", "1", "--input", "a=3.141592653589793", "--json")
    assert json.loads(done.stdout)["counts"] == {"1": 100}


def test_a_faulty_openqasm_file_is_told_with_its_line(shell):
    done = shell.run("check", shell.write("bad.qasm", OLDER.replace("cx", "foo")))
    assert done.returncode == 2
    assert "error[QASM0202]: there is no gate foo" in done.stdout
    assert "--> bad.qasm:6:1" in done.stdout


def test_a_program_is_compiled_to_openqasm_and_back(shell):
    program = shell.program(["q = QubitRegister(2)", "ry(q[0], 0.5)", "cx(q[0], q[1])", "measure(q)"])
    aqo = shell.json("compile", "--job", program)
    for form, language in (("qasm3", Language.OPENQASM3), ("qasm2", Language.OPENQASM2)):
        done = shell.run("compile", "--job", program, "--emit", form)
        assert done.returncode == 0, done.stderr
        circuit = read_openqasm(ProgramSource(content=done.stdout.encode(), language=language)).circuit
        assert [one.op for one in circuit.operations] == [one["op"] for one in aqo["operations"]]


def test_openqasm_3_keeps_parameters_and_openqasm_2_takes_their_values(shell):
    file = shell.write("turn.qasm", NEWER)
    kept = shell.run("compile", "--job", file, "--input", "a=0.25", "--emit", "qasm3")
    assert "input float[64] a;" in kept.stdout
    assert "rx(a) q[0];" in kept.stdout
    bound = shell.run("compile", "--job", file, "--input", "a=0.25", "--emit", "qasm2")
    assert "rx(0.25) q[0];" in bound.stdout


def test_what_openqasm_2_cannot_say_is_refused(shell):
    body = ["b = measure(0, 1)", "if b[0]:", "    x(1)", "if b == 2:", "    y(1)"]
    done = shell.run("compile", "--job", shell.program(body), "--emit", "qasm2")
    assert done.returncode == 2
    assert "cannot be written in OpenQASM 2" in done.stderr


def test_json_and_openqasm_exclude_each_other(shell):
    done = shell.run("compile", "--job", shell.program(), "--emit", "qasm3", "--json")
    assert done.returncode == 2
