"""The reader behind the workers' protocol: a program that is cut off, or runs out of memory, costs only itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eigen.compiler.openqasm.reader import read_openqasm
from eigen.contracts.aqo_json import encode
from eigen.contracts.collection import no_collections
from eigen.contracts.compilation import CompileLimits, Language, ProgramSource
from eigen.workers.engine import Engine

__all__ = ["OpenQasmEngine"]

_PART_CHARACTERS = 256 * 1024


class OpenQasmEngine(Engine):
    """Reads OpenQASM.

    Arguments of `run`: `language`, `filename`, `inline_line` and `inline_indent` as in `ProgramSource`, and `limits`,
    the fields of `CompileLimits`, and `inputs`, values of the program's inputs. Parts: first
    `{"static_inputs": names}`, then `{"aqo": text}`, which together are the circuit as canonical JSON.
    """

    def prepare(self, content: bytes) -> bytes:
        """Return the program: there is nothing to be done with it before its language is known."""
        return content

    def run(self, prepared: bytes, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Read a program and give its circuit."""
        source = ProgramSource(
            content=prepared,
            filename=arguments["filename"],
            language=Language(arguments["language"]),
            inline_line=arguments["inline_line"],
            inline_indent=arguments["inline_indent"],
        )
        with no_collections():
            limits = CompileLimits(**arguments["limits"])
            program = read_openqasm(source, inputs=arguments["inputs"], limits=limits)
            text = encode(program.circuit).decode("ascii")
        yield {"static_inputs": sorted(program.static_inputs)}
        for start in range(0, len(text), _PART_CHARACTERS):
            yield {"aqo": text[start : start + _PART_CHARACTERS]}
