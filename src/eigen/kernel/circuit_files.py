"""What a compiled job leaves in CircuitFS: its circuit, and for people and other tools the same in OpenQASM 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram

__all__ = ["MAX_WRITTEN_OPERATIONS", "circuit_files"]

MAX_WRITTEN_OPERATIONS = 10_000
"""Largest circuit that is written as OpenQASM too; `eigen compile --emit qasm3` writes any."""

_MAX_WRITTEN_BYTES = 4 * 1024 * 1024
_AT_ONCE_BYTES = 16 * 1024  # takes less than a turn of the event loop may take


async def circuit_files(compiled: CompiledProgram) -> dict[str, bytes]:
    """Return the files of a compiled program by name."""
    files = {"compiled.aqo.json": compiled.aqo_json}
    size_bytes = len(compiled.aqo_json)
    if compiled.profile.num_operations <= MAX_WRITTEN_OPERATIONS and size_bytes <= _MAX_WRITTEN_BYTES:
        is_quick = size_bytes <= _AT_ONCE_BYTES
        files["compiled.qasm"] = _text(compiled) if is_quick else await run_sync(_text, compiled)
    return files


def _text(compiled: CompiledProgram) -> bytes:
    from eigen.contracts.aqo_json import decode
    from eigen.formats.openqasm_export import to_openqasm3

    return to_openqasm3(decode(compiled.aqo_json, require_measurement=False)).encode()
