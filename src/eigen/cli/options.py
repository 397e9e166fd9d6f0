"""Options and arguments that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "GroupOption",
    "InputOption",
    "JobArgument",
    "JsonOption",
    "NameOption",
    "NoiseOption",
    "PriorityOption",
    "ProgramOption",
    "RootOption",
    "SeedOption",
    "ShotsOption",
    "SweepOption",
    "TargetOption",
    "TimeoutOption",
    "VerifyOption",
    "WatchOption",
]

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, a unique prefix of it, or @last.")]
RootOption = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", help="The root folder, instead of the one that `eigen config` shows."),
]
VerifyOption = Annotated[
    bool, typer.Option("--verify", help="Compare the counts with the exact distribution of a small circuit.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, errors too.")]

ProgramOption = Annotated[
    Path | None, typer.Option("--program", metavar="FILE", help="Program to run instead of the one that the job names.")
]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="The job's name.")]
GroupOption = Annotated[
    str | None,
    typer.Option("--group", metavar="NAME", help="The group of jobs that it belongs to, such as one loop's."),
]
TargetOption = Annotated[str | None, typer.Option("--target", metavar="DEVICE", help="Device, such as sim:local.")]
ShotsOption = Annotated[
    int | None, typer.Option("--shots", metavar="N", help="How often the circuit is run and measured.")
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Seed of the random draws; the same seed gives the same counts."),
]
NoiseOption = Annotated[
    str | None, typer.Option("--noise", metavar="MODEL", help="Noise to simulate, such as depolarizing:0.001.")
]
PriorityOption = Annotated[int | None, typer.Option("--priority", metavar="N", help="0 to 100, higher first.")]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout-sec", metavar="SEC", help="Longest time to a result, seconds.")
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME=VALUE",
        help="An input of the program: a JSON number, true, false, a list, or text. May be repeated.",
    ),
]
SweepOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="NAME=VALUES",
        help="Values of a parameter, in one job: FROM:TO:POINTS, or a JSON list. May be repeated: lists are zipped.",
    ),
]
WatchOption = Annotated[
    bool | None, typer.Option("--watch/--no-watch", help="Show progress on a terminal, which is the default.")
]
