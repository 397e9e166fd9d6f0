"""`eigen serve` and `eigen metrics`: a system that stays, and its figures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eigen.cli.options import JsonOption, RootOption

if TYPE_CHECKING:
    from eigen.cli.exit_codes import ExitCode

__all__ = ["metrics", "serve"]

PortOption = Annotated[
    int | None,
    typer.Option(
        "--metrics-port", metavar="N", min=0, max=65_535, help="Answer /metrics, /healthz and /readyz; 0: any port."
    ),
]


def serve(metrics_port: PortOption = None, root: RootOption = None, as_json: JsonOption = False) -> None:
    """Run the jobs of the root until SIGTERM or Ctrl-C.

    It takes over jobs whose process is gone, and those that other commands hand to it. SIGTERM and Ctrl-C end it: jobs
    that have not ended stay, and the next system on the root goes on with them. --json is for errors only.
    """
    from eigen.cli.session import conduct

    conduct(partial(_serve, root=root, metrics_port=metrics_port), as_json=as_json)


def metrics(root: RootOption = None, as_json: JsonOption = False) -> None:
    """Print the metrics of the root, in Prometheus' text format.

    What all systems on it have counted, ended or not, up to five seconds ago, and how many jobs are in which state and
    line now. --json is for errors only.
    """
    from eigen.cli.session import conduct

    conduct(partial(_metrics, root=root), as_json=as_json)


async def _serve(*, root: Path | None, metrics_port: int | None) -> ExitCode:
    import signal

    import anyio

    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import note
    from eigen.contracts.printable import printable
    from eigen.system.root import default_root
    from eigen.system.serving import open_serving

    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with open_serving((root or default_root()).absolute(), metrics_port=metrics_port) as system:
            where = f", metrics on http://127.0.0.1:{system.metrics_port}/metrics" if system.metrics_port else ""
            note(f"serving {printable(str(system.root), limit=500)}{where}; SIGTERM or Ctrl-C ends it")
            await anext(signals)
            note("stopping; jobs that have not ended stay for the next system")
    return ExitCode.OK


async def _metrics(*, root: Path | None) -> ExitCode:
    from eigen.cli.exit_codes import ExitCode
    from eigen.cli.rendering import emit_bytes
    from eigen.system.figures import root_metrics

    emit_bytes((await root_metrics(root)).render().encode())
    return ExitCode.OK
