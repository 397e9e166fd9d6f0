"""`Compiler`: source to AQO. Nothing of a user's program is ever executed, imported or evaluated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram, CompileRequest

__all__ = ["Compiler"]


class Compiler(ABC):
    """Compiles programs."""

    @abstractmethod
    async def compile(self, request: CompileRequest) -> CompiledProgram:
        """Compile a program. Equal requests give equal bytes.

        A cancelled call returns at once and leaves no work behind.

        Raises:
            InvalidArgumentError: The program is wrong; `diagnostics` has every fault of the pass that found them.
            ResourceExhaustedError: The program passes a limit; `diagnostics` says which and where.
            UnimplementedError: The language is not supported.
        """
