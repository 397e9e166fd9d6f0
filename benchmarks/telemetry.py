"""What telemetry costs a job: without, with logs, metrics and spans, and with spans exported to a collector.

Jobs run on a driver that answers at once, one after the other and many in flight, so that nothing but the system is
measured. Rows are measured in turns; figures are medians over the rounds, of wall time and of this process's CPU time
for one job. The collector is a process of its own that takes everything and says nothing.

Usage: `python benchmarks/telemetry.py [--rounds N] [--jobs N]`
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import anyio

import eigen
from eigen.client.packaging import package
from eigen.ports.system_api import SystemApi
from eigen.testing.scripted_driver import ScriptedDriver

BELL = """
@hybrid_program(target="scripted:device", shots=1024)
def main():
    h(0)
    cx(0, 1)
    measure_all()
"""
COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Taker(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
print(server.server_port, flush=True)
server.serve_forever()
"""
ROWS = ("off", "on", "exporting")
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

Figures = dict[str, list[float]]


@contextmanager
def collector() -> Iterator[str]:
    """Run a collector, and yield its address."""
    process = subprocess.Popen([sys.executable, "-c", COLLECTOR], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


async def to_its_end(api: SystemApi) -> None:
    """Run one job."""
    job = await api.submit_job(package(BELL).request)
    async for _ in api.stream_job_updates(job.job_id):
        pass


async def measured(row: str, *, jobs: int, figures: Figures) -> None:
    """Run jobs in a system of one row, and note what one took, in milliseconds."""
    with tempfile.TemporaryDirectory() as root:
        drivers = {"scripted": ScriptedDriver()}
        async with eigen.open_system(root, drivers=drivers, observed=row != "off") as system:
            await to_its_end(system.api)  # loads what is loaded once
            for form in ("one by one", "in flight"):
                wall, cpu = time.perf_counter(), time.process_time()
                if form == "one by one":
                    for _ in range(jobs):
                        await to_its_end(system.api)
                else:
                    async with anyio.create_task_group() as tasks:
                        for _ in range(jobs):
                            tasks.start_soon(to_its_end, system.api)
                figures.setdefault(f"{form}, wall", []).append((time.perf_counter() - wall) * 1000 / jobs)
                figures.setdefault(f"{form}, CPU", []).append((time.process_time() - cpu) * 1000 / jobs)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=200)
    arguments = parser.parse_args()
    rows: dict[str, Figures] = {row: {} for row in ROWS}
    with collector() as address:
        for _ in range(arguments.rounds):
            for row in ROWS:
                os.environ.pop(ENDPOINT, None)
                if row == "exporting":
                    os.environ[ENDPOINT] = address
                anyio.run(partial(measured, row, jobs=arguments.jobs, figures=rows[row]))
    forms = list(rows["off"])
    print(f"ms a job, medians of {arguments.rounds} rounds of {arguments.jobs} jobs; load {os.getloadavg()[0]:.1f}\n")
    print("| telemetry | " + " | ".join(forms) + " |\n|---|" + "---:|" * len(forms))
    for row, figures in rows.items():
        print(f"| {row} | " + " | ".join(f"{statistics.median(figures[form]):.2f}" for form in forms) + " |")


if __name__ == "__main__":
    main()
