"""What a command line asks to be run: a job or program file and what stands above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eigen.client.packaging import PackagedJob

__all__ = ["Order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A file to run.

    Attributes:
        file: A `job.yaml` or a program.
        program: A program that stands above the one that the job names.
        overrides: What the options say, by the fields of `Overrides`; None where they are silent.
        inputs: `NAME=VALUE` texts.
        sweep: `NAME=VALUES` texts.
        idempotency_key: The same key and content give the same job.
    """

    file: Path
    program: Path | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    sweep: Sequence[str] = ()
    idempotency_key: str = ""

    def package(self) -> PackagedJob:
        """Read the files; blocks.

        Raises:
            NotFoundError: A file is not there.
            InvalidArgumentError: A file or an option is wrong.
            ResourceExhaustedError: A limit is passed.
        """
        from eigen.cli.inputs import parse_inputs, parse_sweep
        from eigen.client.packaging import Overrides, package

        overrides = Overrides(
            **self.overrides, inputs=parse_inputs(self.inputs), sweep=parse_sweep(self.sweep) if self.sweep else None
        )
        return package(self.file, program=self.program, overrides=overrides, idempotency_key=self.idempotency_key)
