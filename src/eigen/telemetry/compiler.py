"""`ObservedCompiler`: every program counted by its outcome, and logged by sizes and digests, never by its text."""

from __future__ import annotations

from eigen.contracts.compilation import CompiledProgram, CompileRequest
from eigen.ports.compiler import Compiler
from eigen.telemetry.calls import Call, Calls, Instruments

__all__ = ["ObservedCompiler"]

_ALL = frozenset({"compile"})


class ObservedCompiler(Compiler):
    """Passes every program on to another compiler."""

    def __init__(self, inner: Compiler, instruments: Instruments) -> None:
        self._inner = inner
        self._metrics = instruments.metrics
        self._calls = Calls(
            instruments,
            prefix="compiler",
            service="compiler",
            count=self._count,
            logged=_ALL,
            traced=_ALL,
        )

    async def compile(self, request: CompileRequest) -> CompiledProgram:
        """Pass on, and log the language, the sizes and the circuit's digest."""
        source = request.source
        with self._calls("compile", language=source.language.value, source_bytes=len(source.content)) as call:
            program = await self._inner.compile(request)
            call.facts.update(
                aqo_digest=program.digest,
                num_qubits=program.profile.qubits,
                num_operations=program.profile.num_operations,
                num_warnings=len(program.warnings),
            )
            return program

    def _count(self, call: Call) -> None:
        self._metrics.program(call.status)
