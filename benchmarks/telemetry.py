"""What telemetry costs a job: without, with logs, metrics and spans, and with spans exported to a collector.

Three systems are open side by side, one for each row, and run blocks of jobs in turns, in one process: round k of every
row comes before round k + 1 of any. Figures are medians over the rounds: of a job's wall time, of the processor time of
the event loop's thread, and of the whole process's, the exporter's thread included. A ratio is the median of the
rounds' own ratios to `off`, so that what else the machine does falls on both sides. The collector is a process of its
own that takes everything and says nothing. By default jobs run on a driver that answers at once, so that nothing but
the system is measured; `--target sim:local` has the whole of a small job.

Usage: `python benchmarks/telemetry.py [--rounds N] [--jobs N] [--target DEVICE]`
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial

import anyio

import eigen
from eigen.client.packaging import Overrides, package
from eigen.drivers.sim import SimDriver
from eigen.ports.system_api import SystemApi
from eigen.testing.scripted_driver import ScriptedDriver

BELL = """
@hybrid_program(shots=1024)
def main():
    h(0)
    cx(0, 1)
    measure_all()
"""
CLOCKS: dict[str, Callable[[], float]] = {
    "wall": time.perf_counter,
    "loop": time.thread_time,
    "process": time.process_time,
}
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


async def to_its_end(api: SystemApi, target: str) -> None:
    """Run one job."""
    job = await api.submit_job(package(BELL, overrides=Overrides(target=target)).request)
    async for _ in api.stream_job_updates(job.job_id):
        pass


async def one_by_one(api: SystemApi, target: str, jobs: int) -> None:
    """Run jobs one after the other."""
    for _ in range(jobs):
        await to_its_end(api, target)


async def in_flight(api: SystemApi, target: str, jobs: int) -> None:
    """Run jobs at once."""
    async with anyio.create_task_group() as tasks:
        for _ in range(jobs):
            tasks.start_soon(to_its_end, api, target)


FORMS = {"one by one": one_by_one, "in flight": in_flight}


async def opened(stack: AsyncExitStack, row: str, address: str) -> SystemApi:
    """Open the system of a row."""
    os.environ.pop(ENDPOINT, None)
    if row == "exporting":
        os.environ[ENDPOINT] = address
    root = stack.enter_context(tempfile.TemporaryDirectory())
    drivers = {"scripted": ScriptedDriver(), "sim": SimDriver()}
    system = await stack.enter_async_context(eigen.open_system(root, drivers=drivers, observed=row != "off"))
    return system.api


async def measured(address: str, *, rounds: int, jobs: int, target: str) -> dict[str, dict[str, list[list[float]]]]:
    """Return milliseconds a job by form and row: for each round one figure of each clock."""
    figures: dict[str, dict[str, list[list[float]]]] = {form: {row: [] for row in ROWS} for form in FORMS}
    async with AsyncExitStack() as stack:
        systems = {row: await opened(stack, row, address) for row in ROWS}
        for api in systems.values():
            await in_flight(api, target, jobs)  # loads what is loaded once
        for form, run in FORMS.items():
            for number in range(rounds):
                for row in ROWS if number % 2 else reversed(ROWS):
                    before = [clock() for clock in CLOCKS.values()]
                    await run(systems[row], target, jobs)
                    after = [clock() for clock in CLOCKS.values()]
                    figures[form][row].append([(b - a) * 1000 / jobs for a, b in zip(before, after, strict=True)])
    return figures


def main() -> None:
    """Measure, and print a table for each form."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--jobs", type=int, default=25)
    parser.add_argument("--target", default="scripted:device")
    given = parser.parse_args()
    with collector() as address:
        work = partial(measured, address, rounds=given.rounds, jobs=given.jobs, target=given.target)
        figures = anyio.run(work)
    load = os.getloadavg()[0]
    print(f"ms a job on {given.target}, medians of {given.rounds} rounds of {given.jobs} jobs; load {load:.1f}")
    for form, rows in figures.items():
        print(f"\n| {form} | " + " | ".join(f"{clock} | × off" for clock in CLOCKS))
        print("|---|" + "---:|" * (2 * len(CLOCKS)))
        for row, found in rows.items():
            cells = []
            for index in range(len(CLOCKS)):
                ratios = [mine[index] / off[index] for mine, off in zip(found, rows["off"], strict=True)]
                cells.append(f"{statistics.median(one[index] for one in found):.2f} | {statistics.median(ratios):.3f}")
            print(f"| {row} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
