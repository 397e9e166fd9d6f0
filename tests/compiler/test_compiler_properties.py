"""What holds for every program: determinism, blindness to layout and to values of parameters, typed errors."""

from __future__ import annotations

import random
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from eigen.compiler.pipeline import compile_source
from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompiledProgram, CompileLimits, CompileRequest, ProgramSource
from eigen.contracts.errors import EigenError

_LIMITS = CompileLimits(steps=20_000, operations=2_000)
_STATEMENTS = st.sampled_from(
    (
        "h(q[0])",
        "cx(q[0], q[1])",
        "rx(q[2], 2 * theta + 0.5)",
        "for i in range(3):\n    ry(q[i], theta / (i + 1))",
        "xs = [i * 0.25 for i in range(3)]",
        "m = measure(q[0])",
        "k = measure(q)\nif k < 3 or k[0] != k[2]:\n    x(q[1])\nelif any(k[1:2]):\n    z(q)\nelse:\n    y(q)",
        "if n > 1:\n    z(q[1])\nelse:\n    y(q)",
        "barrier()",
        "reset(q[2])",
        'd = {"b": 1, "a": 2}',
    )
)


def _program(statements: list[str], *, comment: str = "", blank: str = "", indent: str = "    ") -> str:
    lines = [line for one in statements for line in one.replace("    ", indent).split("\n")]
    body = "".join(f"{indent}{line}{comment}\n{blank}" for line in lines)
    head = f"@hybrid_program{comment}\n{blank}def main(n: int = 2, theta: Param = 0.5):\n"
    return f"{head}{indent}q = QubitRegister(3)\n{body}"


def _compiled(program: str, **inputs: float) -> CompiledProgram:
    request = CompileRequest(source=ProgramSource(content=program.encode()), inputs=inputs, limits=_LIMITS)
    return compile_source(request)


@given(st.lists(_STATEMENTS, max_size=6))
def test_comments_and_layout_do_not_change_the_digest(statements: list[str]) -> None:
    plain = _compiled(_program(statements))
    other = _compiled(_program(statements, comment="  # é", blank="\n", indent="\t"))
    assert plain.aqo_json == other.aqo_json
    assert plain.digest == other.digest


@given(st.lists(_STATEMENTS, max_size=6), st.floats(-1e6, 1e6))
def test_values_of_parameters_do_not_change_the_digest(statements: list[str], theta: float) -> None:
    plain, bound = _compiled(_program(statements)), _compiled(_program(statements), theta=theta)
    assert plain.digest == bound.digest
    assert bound.binding == {"theta": theta}


@given(st.lists(_STATEMENTS, max_size=4), st.lists(st.integers(1, 3), min_size=2, max_size=4))
def test_the_service_answers_as_the_pure_function_does(statements: list[str], inputs: list[int]) -> None:
    """Whatever it compiled before."""
    compiler = EigenCompiler(limits=_LIMITS)
    source = ProgramSource(content=_program(statements).encode())
    for n in [*inputs, *inputs]:
        request = CompileRequest(source=source, inputs={"n": n, "theta": n / 2}, limits=_LIMITS)
        assert compiler.compile_now(request) == compile_source(request)


@given(st.lists(_STATEMENTS, min_size=1, max_size=4), st.integers(0, 2**32))
def test_a_mutated_program_compiles_or_gets_a_typed_error(statements: list[str], seed: int) -> None:
    chance = random.Random(seed)
    text = list(_program(statements))
    for _ in range(chance.randint(1, 6)):
        position = chance.randrange(len(text))
        text[position : position + chance.randint(0, 3)] = chance.choice(
            [
                "(",
                ")",
                "[",
                "]",
                "'",
                '"',
                "\n",
                "    ",
                "#",
                "@",
                ":",
                "=",
                "not ",
                "lambda ",
                "é",
                "1e",
                "0x",
                "\\",
                ",",
                "*",
            ]
        )
    _answer("".join(text).encode())


@given(st.binary(max_size=200))
def test_any_bytes_get_a_typed_error(content: bytes) -> None:
    assert _answer(content) is not None


@given(st.text(max_size=60))
def test_any_text_in_a_program_compiles_or_gets_a_typed_error(text: str) -> None:
    _answer(f"@hybrid_program\ndef main():\n    h(0)\n    {text}\n".encode(errors="replace"))


def _answer(content: bytes) -> EigenError | None:
    try:
        compile_source(CompileRequest(source=ProgramSource(content=content), limits=_LIMITS))
    except EigenError as error:
        assert error.diagnostics
        assert error.reason.startswith("EL")
        return error
    return None


def test_bytes_are_the_same_in_every_process() -> None:
    """Whatever `PYTHONHASHSEED`."""
    command = (
        "import sys; from eigen.compiler.pipeline import compile_source; "
        "from eigen.contracts.compilation import CompileRequest, ProgramSource; "
        "request = CompileRequest(source=ProgramSource(content=sys.stdin.buffer.read())); "
        "sys.stdout.write(compile_source(request).digest)"
    )
    conditions = "if m != 3 or m[0] != m[2]:\n    x(q)\nelif m[1:] in (1, 2):\n    z(q)\nelse:\n    y(q)"
    program = _program(["rx(q[2], 2 * theta + 0.5)", 'd = {"b": 1, "a": 2}', "m = measure(q)", conditions])
    digests = {
        subprocess.run(
            [sys.executable, "-c", command],
            input=program.encode(),
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4321")
    }
    assert digests == {_compiled(program).digest.encode()}
