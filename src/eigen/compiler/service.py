"""`EigenCompiler`: the compiler behind its port, in a thread, with what it compiled before kept at hand.

Two caches, both bounded by bytes: the front half of the passes by source, and whole circuits by source and static
inputs. So an iteration of a hybrid loop, whose program differs in the values of its parameters only, costs a look-up
and the check of those values.

OpenQASM is read in a worker process, which is started with the first such program and ends with the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, replace
from types import TracebackType
from typing import Any, Self

from anyio.to_thread import run_sync

from eigen.compiler.cache import BoundedCache
from eigen.compiler.canonical import bind
from eigen.compiler.openqasm.frontend import OpenQasmFrontend
from eigen.compiler.pipeline import OPENQASM, back_half, front_half, read_aqo, read_circuit
from eigen.compiler.stages import CanonicalProgram, ResolvedProgram
from eigen.contracts.collection import no_collections
from eigen.contracts.compilation import CompiledProgram, CompileLimits, CompileRequest, Language
from eigen.contracts.errors import FailedPreconditionError
from eigen.ports.compiler import Compiler

__all__ = ["EigenCompiler"]

_FRONT_BYTES = 32 * 1024 * 1024
_CIRCUIT_BYTES = 64 * 1024 * 1024


class EigenCompiler(Compiler):
    """Compiles programs beside the event loop, and remembers what it compiled.

    Opened and closed as an asynchronous context manager; for Eigen-Lang and AQO it need not be.

    Args:
        limits: What programs may use; a request may only ask for less.
    """

    def __init__(self, *, limits: CompileLimits | None = None) -> None:
        self._limits = limits or CompileLimits()
        self._fronts: BoundedCache[ResolvedProgram] = BoundedCache(max_bytes=_FRONT_BYTES)
        self._circuits: BoundedCache[CanonicalProgram] = BoundedCache(max_bytes=_CIRCUIT_BYTES)
        self._openqasm: OpenQasmFrontend | None = None

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The ids of the processes that work for the compiler now; none before the first OpenQASM program."""
        return self._openqasm.process_ids if self._openqasm is not None else ()

    async def __aenter__(self) -> Self:
        """Begin to serve; no process is started yet."""
        self._openqasm = await OpenQasmFrontend().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every process."""
        frontend, self._openqasm = self._openqasm, None
        if frontend is not None:
            await frontend.__aexit__(kind, error, traceback)

    async def compile(self, request: CompileRequest) -> CompiledProgram:
        """Compile a program; see the port. A cancelled call returns at once; its thread ends under the limits."""
        if request.source.language in OPENQASM:
            return await self._compile_openqasm(replace(request, limits=_lower_of(self._limits, request.limits)))
        return await run_sync(self.compile_now, request, abandon_on_cancel=True)

    async def _compile_openqasm(self, request: CompileRequest) -> CompiledProgram:
        key = _key(request)
        circuit = self._circuits.get(key)
        if circuit is None:
            if self._openqasm is None:
                raise FailedPreconditionError("the compiler is not open", reason="COMPILER_CLOSED")
            aqo_json = await self._openqasm.read(request.source, limits=request.limits)
            read = replace(request.source, content=aqo_json, language=Language.AQO)
            circuit = await run_sync(self._circuit, key, lambda: read_aqo(read, limits=request.limits))
        return bind(circuit, inputs=request.inputs, static_inputs=frozenset())

    def compile_now(self, request: CompileRequest) -> CompiledProgram:
        """Compile a program in this thread, OpenQASM too.

        Args:
            request: The program, its inputs and limits.

        Raises:
            InvalidArgumentError: The program or its inputs are wrong.
            ResourceExhaustedError: The program passes a limit.
            UnimplementedError: A part of the language is not supported.
        """
        request = replace(request, limits=_lower_of(self._limits, request.limits))
        with no_collections():
            return self._compiled(request)

    def _compiled(self, request: CompileRequest) -> CompiledProgram:
        if request.source.language is not Language.EIGEN_LANG:
            circuit = self._circuit(_key(request), lambda: read_circuit(request.source, limits=request.limits))
            return bind(circuit, inputs=request.inputs, static_inputs=frozenset())
        resolved = self._front(request)
        static = resolved.static_inputs
        key = (_key(request), _frozen({name: one for name, one in request.inputs.items() if name in static}))
        circuit = self._circuit(key, lambda: back_half(resolved, inputs=request.inputs, limits=request.limits))
        return bind(circuit, inputs=request.inputs, static_inputs=static)

    def _front(self, request: CompileRequest) -> ResolvedProgram:
        key = _key(request)
        resolved = self._fronts.get(key)
        if resolved is None:
            resolved = front_half(request.source, entrypoint=request.entrypoint, limits=request.limits)
            self._fronts.put(key, resolved, size_bytes=resolved.size_bytes)
        return resolved

    def _circuit(self, key: Hashable, make: Callable[[], CanonicalProgram]) -> CanonicalProgram:
        circuit = self._circuits.get(key)
        if circuit is None:
            circuit = make()
            self._circuits.put(key, circuit, size_bytes=len(circuit.aqo_json))
        return circuit


def _key(request: CompileRequest) -> Hashable:
    source = request.source
    return (
        source.content,
        source.filename,
        source.language,
        source.inline_line,
        source.inline_indent,
        request.entrypoint,
        request.limits,
    )


def _frozen(inputs: Mapping[str, Any]) -> Hashable:
    """Return static inputs as a flat key in which 1, 1.0 and true differ, as they do in programs."""
    flat: list[Hashable] = []
    pending: list[Any] = [part for pair in sorted(inputs.items(), reverse=True) for part in reversed(pair)]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            flat.append((list, len(value)))
            pending += reversed(value)
        else:
            flat.append((type(value), str(value)))
    return tuple(flat)


def _lower_of(ours: CompileLimits, asked: CompileLimits) -> CompileLimits:
    names = [one.name for one in fields(CompileLimits)]
    return CompileLimits(**{name: min(getattr(ours, name), getattr(asked, name)) for name in names})
