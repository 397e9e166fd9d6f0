"""The compiler behind its port: in a thread, with caches that never change an answer."""

from __future__ import annotations

import json

from eigen.compiler.service import EigenCompiler
from eigen.contracts.compilation import CompileRequest, ProgramSource

_GHZ = b"""\
def chain(q):
    for a, b in zip(q, q[1:]):
        cx(a, b)

@hybrid_program(target="sim:local", shots=100)
def main(n: int, theta: Param = 0.1):
    q = QubitRegister(n)
    ry(q[0], 2 * theta)
    chain(q)
    measure(q)
"""


async def test_a_program_compiles_behind_the_port() -> None:
    """Inputs shape the circuit, parameters stay symbolic, the decorator's options are defaults."""
    request = CompileRequest(source=ProgramSource(content=_GHZ), inputs={"n": 3, "theta": 0.5})
    compiled = await EigenCompiler().compile(request)
    circuit = json.loads(compiled.aqo_json)
    assert [one["op"] for one in circuit["operations"]] == ["RY", "CX", "CX", "MEASURE"]
    assert circuit["operations"][0]["params"] == {"theta": "2*theta"}
    assert compiled.binding == {"theta": 0.5}
    assert (compiled.defaults.target, compiled.defaults.shots) == ("sim:local", 100)
