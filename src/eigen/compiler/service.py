"""`EigenCompiler`: the compiler behind its port, in a thread, with what it compiled before kept at hand.

What is at hand is given without a thread: a hop to one and back costs more than the look-up.

Caches, bounded by bytes: the front half of the passes by source (of OpenQASM the names of its static inputs), and
whole circuits by source and static inputs. So an iteration of a hybrid loop, whose program differs in the values of
its parameters only, costs a look-up and the check of those values.

OpenQASM is read in a worker process, which is started with the first such program and ends with the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, replace
from functools import partial
from threading import Event
from types import TracebackType
from typing import Any, Self

from anyio.to_thread import run_sync

from eigen.compiler.cache import BoundedCache
from eigen.compiler.canonical import bind
from eigen.compiler.openqasm.frontend import OpenQasmFrontend
from eigen.compiler.pipeline import OPENQASM, back_half, front_half, read_aqo, read_openqasm
from eigen.compiler.stages import CanonicalProgram, ResolvedProgram
from eigen.contracts.collection import no_collections
from eigen.contracts.compilation import CompiledProgram, CompileLimits, CompileRequest, Language
from eigen.contracts.errors import FailedPreconditionError
from eigen.ports.compiler import Compiler

__all__ = ["EigenCompiler"]

_FRONT_BYTES = 32 * 1024 * 1024
_CIRCUIT_BYTES = 64 * 1024 * 1024
_AT_ONCE_BYTES = 256 * 1024  # are hashed in less than a turn of the event loop may take


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
        self._static_inputs: BoundedCache[frozenset[str]] = BoundedCache(max_bytes=_FRONT_BYTES)
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
        """Compile a program; see the port. A cancelled call returns at once, and its thread stops soon after."""
        if request.source.language in OPENQASM:
            return await self._compile_openqasm(_within(self._limits, request))
        program = self._at_hand(request)
        if program is not None:
            return program
        has_left = Event()
        try:
            return await run_sync(
                partial(self.compile_now, request, is_stopped=has_left.is_set), abandon_on_cancel=True
            )
        finally:
            has_left.set()

    def _at_hand(self, request: CompileRequest) -> CompiledProgram | None:
        """Return what was compiled before, where a look at the caches is quick enough for the event loop."""
        if len(request.source.content) > _AT_ONCE_BYTES or any(
            isinstance(one, list) for one in request.inputs.values()
        ):
            return None
        request = _within(self._limits, request)
        static: frozenset[str] = frozenset()
        key: Hashable = _key(request)
        if request.source.language is Language.EIGEN_LANG:
            resolved = self._fronts.get(key)
            if resolved is None:
                return None
            static = resolved.static_inputs
            key = _circuit_key(request, static)
        circuit = self._circuits.get(key)
        return bind(circuit, inputs=request.inputs, static_inputs=static) if circuit is not None else None

    async def _compile_openqasm(self, request: CompileRequest) -> CompiledProgram:
        known = self._known_openqasm(request)
        if known is not None:
            return known
        if self._openqasm is None:
            raise FailedPreconditionError("the compiler is not open", reason="COMPILER_CLOSED")
        aqo_json, static = await self._openqasm.read(request.source, inputs=request.inputs, limits=request.limits)
        read = replace(request.source, content=aqo_json, language=Language.AQO)
        circuit = await run_sync(lambda: read_aqo(read, limits=request.limits), abandon_on_cancel=True)
        return self._kept_openqasm(request, circuit, static)

    def _known_openqasm(self, request: CompileRequest) -> CompiledProgram | None:
        static = self._static_inputs.get(_key(request))
        circuit = None if static is None else self._circuits.get(_circuit_key(request, static))
        if static is None or circuit is None:
            return None
        return bind(circuit, inputs=request.inputs, static_inputs=static)

    def _kept_openqasm(
        self, request: CompileRequest, circuit: CanonicalProgram, static: frozenset[str]
    ) -> CompiledProgram:
        size = len(request.source.content) + sum(map(len, static))
        self._static_inputs.put(_key(request), static, size_bytes=size)
        self._circuits.put(_circuit_key(request, static), circuit, size_bytes=len(circuit.aqo_json))
        return bind(circuit, inputs=request.inputs, static_inputs=static)

    def compile_now(
        self, request: CompileRequest, *, is_stopped: Callable[[], bool] = lambda: False
    ) -> CompiledProgram:
        """Compile a program in this thread, OpenQASM too.

        Args:
            request: The program, its inputs and limits.
            is_stopped: Whether nobody wants the result any more; asked now and then while an Eigen-Lang program runs.

        Raises:
            InvalidArgumentError: The program or its inputs are wrong.
            OperationCancelledError: It was stopped; `details` says after how many steps.
            ResourceExhaustedError: The program passes a limit.
            UnimplementedError: A part of the language is not supported.
        """
        request = _within(self._limits, request)
        with no_collections():
            return self._compiled(request, is_stopped)

    def _compiled(self, request: CompileRequest, is_stopped: Callable[[], bool]) -> CompiledProgram:
        if request.source.language is Language.AQO:
            circuit = self._circuit(_key(request), lambda: read_aqo(request.source, limits=request.limits))
            return bind(circuit, inputs=request.inputs, static_inputs=frozenset())
        if request.source.language in OPENQASM:
            return self._known_openqasm(request) or self._kept_openqasm(
                request, *read_openqasm(request.source, inputs=request.inputs, limits=request.limits)
            )
        resolved = self._front(request)
        static = resolved.static_inputs
        circuit = self._circuit(
            _circuit_key(request, static),
            lambda: back_half(resolved, inputs=request.inputs, limits=request.limits, is_stopped=is_stopped),
        )
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


def _circuit_key(request: CompileRequest, static_inputs: frozenset[str]) -> Hashable:
    return _key(request), _frozen({name: one for name, one in request.inputs.items() if name in static_inputs})


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


def _within(ours: CompileLimits, request: CompileRequest) -> CompileRequest:
    """Return a request that asks for no more than we give."""
    if request.limits == ours:
        return request
    names = [one.name for one in fields(CompileLimits)]
    lower = {name: min(getattr(ours, name), getattr(request.limits, name)) for name in names}
    return replace(request, limits=CompileLimits(**lower))
