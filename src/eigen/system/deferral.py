"""A compiler that is loaded when the first program comes: a look-up needs none, and loading it takes 60 ms."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from anyio import to_thread

from eigen.contracts.errors import FailedPreconditionError
from eigen.ports.compiler import Compiler

if TYPE_CHECKING:
    from anyio.abc import TaskGroup, TaskStatus

    from eigen.compiler.service import EigenCompiler
    from eigen.contracts.compilation import CompiledProgram, CompileRequest

__all__ = ["DeferredCompiler"]


class DeferredCompiler(Compiler):
    """Eigen OS's own compiler, loaded beside the event loop; opened and closed as an asynchronous context manager.

    The compiler lives in one task, which opens and closes it, whoever needs it first.
    """

    def __init__(self) -> None:
        self._compiler: Compiler | None = None
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        """Begin to serve; nothing is loaded yet."""
        self._loading, self._closing = anyio.Lock(), anyio.Event()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the compiler; its processes are gone."""
        tasks, self._tasks, self._compiler = self._tasks, None, None
        if tasks is not None:
            self._closing.set()
            tasks.cancel_scope.shield = True
            await tasks.__aexit__(None, None, None)  # the caller's own error is not the compiler's

    async def compile(self, request: CompileRequest) -> CompiledProgram:
        """Compile a program; see the port."""
        compiler = self._compiler or await self._opened()
        return await compiler.compile(request)

    async def _opened(self) -> Compiler:
        async with self._loading:
            if self._tasks is None:
                raise FailedPreconditionError("the compiler is closed", reason="COMPILER_CLOSED")
            if self._compiler is None:
                self._compiler = await self._tasks.start(self._host, await to_thread.run_sync(_load))
            return self._compiler

    async def _host(self, kind: type[EigenCompiler], *, task_status: TaskStatus[EigenCompiler]) -> None:
        async with kind() as compiler:
            task_status.started(compiler)
            await self._closing.wait()


def _load() -> type[EigenCompiler]:
    from eigen.compiler.service import EigenCompiler

    return EigenCompiler
