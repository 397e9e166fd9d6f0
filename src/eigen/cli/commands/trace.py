"""`eigen trace`: what a job's time went into."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JobArgument, JsonOption, RootOption

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from eigen.cli.exit_codes import ExitCode

__all__ = ["trace"]

OtlpOption = Annotated[
    Path | None, typer.Option("--otlp", metavar="FILE", help="Write the trace as OTLP/JSON into a new file instead.")
]


def trace(job: JobArgument, otlp: OtlpOption = None, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Show what a job's time went into, span by span.

    Also while it runs: then work that goes on is not there yet. With --json the trace id and a list of spans.
    """
    from eigen.cli.session import answer

    answer(partial(_trace, job, otlp=otlp, root=root, as_json=as_json), as_json=as_json)


async def _trace(reference: str, *, otlp: Path | None, root: Path | None, as_json: bool) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import note, show_json
    from eigen.cli.session import look_up
    from eigen.cli.trace_view import show_waterfall
    from eigen.client.references import find_job
    from eigen.contracts.wire import to_json
    from eigen.telemetry.job_trace import job_spans
    from eigen.telemetry.otlp import to_otlp

    with look_up(root) as api:
        job = await api.get_job_status(await find_job(api, reference))
        spans = job_spans(await api.list_job_events(job.job_id))
    if otlp is not None:
        _write(otlp, to_otlp(job.trace_id, spans))
        note(f"{len(spans)} spans of trace {job.trace_id} written")
    elif as_json:
        show_json({"job_id": job.job_id, "trace_id": job.trace_id, "spans": to_json(spans)})
    else:
        note(f"trace {job.trace_id} of {job.job_id}, {job.state.value}")
        show_waterfall(spans)
    return ExitCode.OK


def _write(file: Path, document: Mapping[str, Any]) -> None:
    import json

    from eigen.cli.files import making_files

    with making_files(file), file.open("x", encoding="utf-8") as opened:
        json.dump(document, opened, separators=(",", ":"))
