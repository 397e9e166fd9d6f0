"""`eigen doctor`: what is wrong with a root and with this installation, and putting it right."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode
    from eigen.system.doctor import Examination, Finding

__all__ = ["doctor"]

RepairOption = Annotated[bool, typer.Option("--repair", help="Put right what can be put right without loss.")]
RebuildOption = Annotated[
    bool, typer.Option("--rebuild", help="Make the job store anew from the jobs' own files; the old one is set aside.")
]
DiscardOption = Annotated[
    bool, typer.Option("--discard", help="Remove the folders of submissions that nobody was ever told of.")
]


def doctor(
    repair: RepairOption = False,
    rebuild: RebuildOption = False,
    discard: DiscardOption = False,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a root and this installation.

    Every stored file is read and compared with its digest. Exit code 4 where something is wrong and was not put right.
    """
    from eigen.cli.session import conduct

    conduct(
        partial(_doctor, root=root, repair=repair, rebuild=rebuild, discard=discard, as_json=as_json), as_json=as_json
    )


async def _doctor(*, root: Path | None, repair: bool, rebuild: bool, discard: bool, as_json: bool) -> ExitCode:
    from eigen.cli.commands.version import versions
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import show_json
    from eigen.contracts.wire import to_json
    from eigen.system.doctor import examine
    from eigen.system.root import default_root

    folder = (root or default_root()).absolute()
    found = await examine(folder, repair=repair, rebuild=rebuild, discard=discard)
    found.facts["versions"] = versions()
    if as_json:
        show_json(to_json(found) | {"is_healthy": found.is_healthy})
    else:
        _show(found)
    return ExitCode.OK if found.is_healthy else ExitCode.INTERNAL


def _show(found: Examination) -> None:
    from eigen.cli.rendering import note, show_facts, show_styled

    facts = {name: value for name, value in found.facts.items() if not isinstance(value, dict)}
    words = {name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in facts.items()}
    jobs = ", ".join(f"{number} {state}" for state, number in found.facts.get("jobs", {}).items())
    installed = {name: version or "not installed" for name, version in found.facts["versions"].items()}
    show_facts({**words, "jobs": jobs or "none", **installed})
    show_styled((_line(finding), "" if finding.repaired else "yellow") for finding in found.findings)
    if not found.findings:
        note("nothing is wrong")


def _line(finding: Finding) -> str:
    from eigen.contracts.printable import printable

    subject = f"{finding.job_id}: " if finding.job_id else ""
    end = "; repaired" if finding.repaired else f"; {finding.remedy}" if finding.remedy else ""
    return printable(f"{finding.check}: {subject}{finding.problem}{end}", limit=500)
