"""`eigen init`: a job to begin with."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JsonOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode

__all__ = ["init"]

_JOB = """\
apiVersion: eigen.os/v0.1
kind: QuantumJob
metadata:
  name: {name}
spec:
  program_path: program.eigen.py
  target: sim:local
  shots: 1024
  inputs:
    angle: 0.5
"""

_PROGRAM = """\
# Eigen-Lang: Python's syntax, compiled and never executed. `eigen check job.yaml` says what is wrong with it.
@hybrid_program
def main(n: int = 3, angle: Param = 0.0):
    q = QubitRegister(n)
    ry(q[0], angle)
    for i in range(n - 1):
        cx(q[i], q[i + 1])
    measure(q)
"""

FolderArgument = Annotated[Path, typer.Argument(metavar="[DIR]", help="A folder; made where it is missing.")]
JobNameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The job's name, instead of the folder's.")
]


def init(folder: FolderArgument = Path(), name: JobNameOption = None, as_json: JsonOption = False) -> None:
    """Write a job.yaml and a program.eigen.py that run.

    Files that are there are not touched.
    """
    from eigen.cli.session import perform

    perform(partial(_init, folder, name=name, as_json=as_json), as_json=as_json)


def _init(folder: Path, *, name: str | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.files import making_files
    from eigen.cli.rendering import emit, note, show_json

    files = {"job.yaml": _JOB.format(name=_checked(name) if name else _name_of(folder)), "program.eigen.py": _PROGRAM}
    with making_files(folder):
        folder.mkdir(parents=True, exist_ok=True)
    _require_absent([folder / one for one in files])
    for one, text in files.items():
        with making_files(folder / one), (folder / one).open("x", encoding="utf-8") as opened:
            opened.write(text)
    paths = [str(folder / one) for one in files]
    if as_json:
        show_json({"files": paths})
        return ExitCode.OK
    for path in paths:
        emit(path)
    note(f"now: eigen run {paths[0]}")
    return ExitCode.OK


def _require_absent(paths: list[Path]) -> None:
    """Refuse before anything is written where one of the files is there."""
    from eigen.contracts.errors import AlreadyExistsError
    from eigen.contracts.printable import quoted

    for path in paths:
        if path.exists() or path.is_symlink():
            raise AlreadyExistsError(
                f"{quoted(str(path), limit=200)} exists", reason="OUTPUT_EXISTS", hint="choose another folder"
            )


def _checked(name: str) -> str:
    from eigen.contracts.errors import InvalidArgumentError
    from eigen.contracts.jobspec import NAME
    from eigen.contracts.printable import quoted

    if not NAME.fullmatch(name):
        raise InvalidArgumentError(
            f"{quoted(name)} is no name of a job",
            reason="JOBSPEC_VALUE",
            hint="write 1 to 63 lower-case letters, digits and inner hyphens, such as h2-ground-state",
        )
    return name


def _name_of(folder: Path) -> str:
    """Return a job's name made from a folder's."""
    import re

    return re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower())[:63].strip("-") or "job"
