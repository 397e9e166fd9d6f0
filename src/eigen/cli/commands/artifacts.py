"""`eigen artifacts`: what a job has left on disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JobArgument, JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode

__all__ = ["artifacts", "cat", "export", "ls", "verify"]

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A stored file, such as compiled.aqo.json.")]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="A folder that does not exist yet.")]


def artifacts(context: typer.Context) -> None:
    """Look at what a job has left on disk."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def ls(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """List a job's stored files, with their digests."""
    from eigen.cli.session import answer

    answer(partial(_ls, job, root=root, as_json=as_json), as_json=as_json)


def cat(job: JobArgument, name: NameArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Print a stored file, checked against its digest.

    Byte for byte in a pipe; on a terminal control characters come as visible escapes. --json is for errors only.
    """
    from eigen.cli.session import answer

    answer(partial(_cat, job, name, root=root), as_json=as_json)


def export(job: JobArgument, out: OutOption, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Copy a job's stored files into a new folder.

    Each is checked against its digest.
    """
    from eigen.cli.session import answer

    answer(partial(_export, job, out, root=root, as_json=as_json), as_json=as_json)


def verify(job: JobArgument, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Check a job's stored files against their digests.

    Exit code 4 where one does not match.
    """
    from eigen.cli.session import answer

    answer(partial(_verify, job, root=root, as_json=as_json), as_json=as_json)


async def _ls(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import Column, show_json, show_table
    from eigen.cli.session import look_up
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json

    with look_up(root) as api:
        found = await api.list_artifacts(await find_job(api, reference))
    if as_json:
        show_json([to_json(one) for one in found])
    else:
        show_table(
            [Column("name"), Column("bytes", is_number=True), Column("sha256")],
            [(one.name, str(one.size_bytes), one.sha256) for one in found],
        )
    return ExitCode.OK


async def _cat(reference: str, name: str, *, root: Path | None) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import emit_bytes
    from eigen.cli.session import look_up
    from eigen.client.references import find_job

    with look_up(root) as api:
        content = await api.get_artifact(await find_job(api, reference), name)
    emit_bytes(content)
    return ExitCode.OK


async def _export(reference: str, out: Path, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import note, show_json
    from eigen.cli.session import look_up
    from eigen.client.references import find_job

    with look_up(root) as api:
        job_id = await find_job(api, reference)
        names = [one.name for one in await api.list_artifacts(job_id)]
        contents = {name: await api.get_artifact(job_id, name) for name in names}
    _write_folder(out, contents)
    if as_json:
        show_json({"job_id": job_id, "files": names})
    else:
        note(f"{len(names)} files of {job_id} copied")
    return ExitCode.OK


async def _verify(reference: str, *, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import Column, note, show_json, show_table
    from eigen.cli.session import look_up
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json

    with look_up(root) as api:
        job_id = await find_job(api, reference)
        problems = await api.verify_artifacts(job_id)
    if as_json:
        show_json([to_json(one) for one in problems])
    elif problems:
        show_table([Column("name"), Column("problem")], [(one.name, one.problem) for one in problems])
    else:
        note(f"every file of {job_id} matches its digest")
    return ExitCode.INTERNAL if problems else ExitCode.OK


def _write_folder(folder: Path, contents: dict[str, bytes]) -> None:
    from eigen.cli.files import making_files

    with making_files(folder):
        folder.mkdir(parents=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
