"""A compiler that is loaded when the first program comes: a look-up needs none, and loading it takes 60 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

from eigen.ports.compiler import Compiler

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram, CompileRequest

__all__ = ["DeferredCompiler"]


class DeferredCompiler(Compiler):
    """Eigen OS's own compiler, loaded beside the event loop."""

    def __init__(self) -> None:
        self._compiler: Compiler | None = None

    async def compile(self, request: CompileRequest) -> CompiledProgram:
        """Compile a program; see the port."""
        if self._compiler is None:
            loaded = await to_thread.run_sync(_load)
            self._compiler = self._compiler or loaded
        return await self._compiler.compile(request)


def _load() -> Compiler:
    from eigen.compiler.service import EigenCompiler

    return EigenCompiler()
