"""A job's way to its end on a terminal: one line on stderr that goes when the job has ended.

A loop's line has the curve of its values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eigen.cli.curve import sparkline
from eigen.cli.rendering import is_terminal
from eigen.contracts.printable import printable

if TYPE_CHECKING:
    from eigen.contracts.jobs import JobUpdate

__all__ = ["showing_progress"]

_CURVE_WIDTH = 32

Show = Callable[["JobUpdate"], None]


@contextmanager
def showing_progress(label: str, *, wanted: bool) -> Iterator[Show]:
    """Yield what shows a job's updates; where nobody looks at stderr, nothing is shown.

    Args:
        label: What the job is called.
        wanted: Whether the user wants to see it.
    """
    if not (wanted and is_terminal(sys.stderr)):
        yield _show_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[state]}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[message]}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr, highlight=False, markup=False, emoji=False),
        transient=True,
        redirect_stdout=False,
    )
    with progress:
        task = progress.add_task(printable(label, limit=70), total=1.0, state="", message="")

        values: list[float] = []

        def show(update: JobUpdate) -> None:
            state, message = update.state.value, update.message
            if update.value is not None:
                values.append(update.value)
                message = f"{message}  {sparkline(values, width=_CURVE_WIDTH)}"
            progress.update(task, completed=update.progress, state=state, message=message)

        yield show


def _show_nothing(update: JobUpdate) -> None:
    """Show nothing."""
