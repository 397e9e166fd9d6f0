"""The compiler alone: source to circuit, loops to operations, AQO to bytes and back; and other front ends.

Turns are taken within one run: turn k of every measurement comes before turn k + 1 of any; a figure is the median over
the counted turns. All of it is work of one thread, so processor time is measured: a busy machine adds little to it.
Loops of up to a million operations run in a process of their own each, whose peak of resident memory is then theirs
alone. Front ends of others are optional: a row says so where one is not installed
(`pip install guppylang bloqade-circuit qiskit-qasm3-import`, best in a separate environment).

Usage: `python benchmarks/front_end.py [--rounds N] [--write FILE]`
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from eigen.compiler.canonical import canonicalise
from eigen.compiler.check import check
from eigen.compiler.lower import lower
from eigen.compiler.parse import parse
from eigen.compiler.pipeline import compile_source, front_half
from eigen.compiler.resolve import resolve
from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import decode, encode
from eigen.contracts.collection import no_collections
from eigen.contracts.compilation import CompileLimits, CompileRequest, ProgramSource
from front_end_peers import PEERS, Circuit

LIMITS = CompileLimits()
STRAIGHT_SIZES = (1_000, 2_000, 5_000, 10_000)
LOOP_SIZES = (1_000, 10_000, 100_000, 1_000_000)
STAGES = ("lower", "encode", "decode")
VERSIONS = ("eigen-os", "qiskit", "qiskit-qasm3-import", "guppylang", "kirin-toolchain", "bloqade-circuit")

Turn = Callable[[], dict[str, float]]
"""One measurement: seconds (or bytes) by name."""


def structured_program(num_helpers: int) -> str:
    """Return a program of many helpers with loops and arithmetic, each called once: mostly syntax, few operations."""
    helpers = "".join(
        f"def part_{index:04d}(q, angle):\n"
        f"    for i in range(q.size):\n"
        f"        ry(q[i], angle + {index} * pi / 64)\n"
        f"    for left, right in zip(q, q[1:]):\n"
        f"        cx(left, right)\n\n\n"
        for index in range(num_helpers)
    )
    calls = "".join(f"    part_{index:04d}(q, {index / 512!r})\n" for index in range(num_helpers))
    return f"from math import pi\n\n\n{helpers}@hybrid_program\ndef main():\n    q = QubitRegister(3)\n{calls}"


LOOPS = {
    "few distinct operations": """
@hybrid_program
def main(size: int):
    q = QubitRegister(20)
    for layer in range((size - 1) // 60):
        for i in range(20):
            h(q[i])
            rz(q[i], 0.25)
            cx(q[i], q[i - 1])
    measure(q)
""",
    "all operations distinct": """
@hybrid_program
def main(size: int):
    q = QubitRegister(20)
    for k in range((size - 1) // 20):
        angle = k / 1024
        for qubit in q:
            rz(qubit, angle)
    measure(q)
""",
}
"""Programs that emit `size` operations, or up to sixty less."""


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Add the processor time that a block takes."""
    began = time.process_time()
    yield
    seconds[name] = time.process_time() - began


def passes(source: str, label: str) -> Turn:
    """Return a turn that compiles as a whole, and then pass by pass."""
    program = ProgramSource(content=source.encode())

    def turn() -> dict[str, float]:
        seconds: dict[str, float] = {}
        with timed(seconds, f"{label}: compile_source"):
            compile_source(CompileRequest(source=program))
        with no_collections():
            with timed(seconds, f"{label}: parse"):
                parsed = parse(program, limits=LIMITS)
            with timed(seconds, f"{label}: check"):
                checked = check(parsed, entrypoint=None, limits=LIMITS)
            with timed(seconds, f"{label}: resolve"):
                resolved = resolve(checked)
            with timed(seconds, f"{label}: lower"):
                lowered = lower(resolved, inputs={}, limits=LIMITS)
            with timed(seconds, f"{label}: canonicalise"):
                canonicalise(lowered)
        return seconds

    return turn


def python_alone(source: str, label: str) -> Turn:
    """Return a turn of `ast.parse`, with the garbage collector as it is and at rest."""

    def turn() -> dict[str, float]:
        seconds: dict[str, float] = {}
        with timed(seconds, f"{label}: ast.parse"):
            ast.parse(source)
        with no_collections(), timed(seconds, f"{label}: ast.parse, no collections"):
            ast.parse(source)
        return seconds

    return turn


def whole(source: str, name: str) -> Turn:
    """Return a turn of `compile_source` alone."""
    request = CompileRequest(source=ProgramSource(content=source.encode()))
    return single(name, lambda: compile_source(request))


def single(name: str, run: Callable[[], object]) -> Turn:
    """Return a turn of one figure."""

    def turn() -> dict[str, float]:
        seconds: dict[str, float] = {}
        with timed(seconds, name):
            run()
        return seconds

    return turn


def peers(folder: Path) -> dict[str, Turn | None]:
    """Return a turn of each front end of others, or None where it is not installed."""
    turns: dict[str, Turn | None] = {}
    for name, (num_gates, prepare) in PEERS.items():
        try:
            turns[name] = single(name, prepare(num_gates, folder))
        except ImportError:
            turns[name] = None
    return turns


def loop_in_child(kind: str, size: int) -> Turn:
    """Return a turn in a process of its own; its figures are seconds of each stage and bytes of memory after it."""
    words = [sys.executable, __file__, "--child", kind, "--size", str(size)]

    def turn() -> dict[str, float]:
        figures = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        return {f"{kind}: {size}: {name}": one for name, one in figures.items()}

    return turn


def child(kind: str, size: int) -> dict[str, float]:
    """Lower a loop, encode the circuit, decode it: what each takes, and the peak of memory so far."""
    resolved = front_half(ProgramSource(content=LOOPS[kind].encode()), entrypoint=None, limits=LIMITS)
    figures: dict[str, float] = {"memory before": peak_bytes()}
    with no_collections():
        with timed(figures, "lower"):
            lowered = lower(resolved, inputs={"size": size}, limits=LIMITS)
        figures["memory lower"] = peak_bytes()
        circuit = AQO(qubits=lowered.qubits, clbits=lowered.clbits, operations=lowered.operations)
        with timed(figures, "encode"):
            document = encode(circuit)
        figures["memory encode"] = peak_bytes()
        del lowered, circuit
        with timed(figures, "decode"):
            num_operations = len(decode(document).operations)
        figures["memory decode"] = peak_bytes()
    assert size - 60 <= num_operations <= size
    return {**figures, "bytes": len(document), "operations": num_operations}


def peak_bytes() -> float:
    """Return the peak of this process' resident memory."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: `ru_maxrss` would begin with the parent's peak
        return 1024 * float(status.read_text().split("VmHWM:")[1].split()[0])
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure(turns: Mapping[str, Turn | None], rounds: int) -> dict[str, float]:
    """Return the median of each figure, after one round that is not counted."""
    taken: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for turn in turns.values():
            for name, one in (turn() if turn else {}).items():
                taken.setdefault(name, []).extend([one] if number else [])
    return {name: statistics.median(values) for name, values in taken.items()}


def exponent(seconds: Mapping[int, float]) -> float:
    """Return the slope of log(time) over log(size): 1 where time is proportional to size."""
    sizes = sorted(seconds)
    return statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(seconds[size]) for size in sizes]
    ).slope


def straight_line_table(figures: Mapping[str, float], num_gates: int, source_bytes: int) -> list[str]:
    """Return gates per second of every front end."""
    base = num_gates / figures["straight: ast.parse, no collections"]
    lines = [
        f"## A straight-line program of {num_gates:,} gates ({source_bytes / 1024:.0f} KiB of Eigen-Lang)",
        "",
        "| what | gates | ms | gates per second | × ast.parse, no collections |",
        "|---|---:|---:|---:|---:|",
    ]
    ours = {name.removeprefix("straight: "): (num_gates, name) for name in figures if name.startswith("straight: ")}
    theirs = {name: (num_gates, name) for name, (num_gates, _) in PEERS.items()}
    for label, (gates, name) in {**ours, **theirs}.items():
        if name not in figures:
            lines.append(f"| {label} | {gates:,} | not installed | | |")
        else:
            rate = gates / figures[name]
            lines.append(f"| {label} | {gates:,} | {figures[name] * 1000:.1f} | {rate:,.0f} | {rate / base:.3f} |")
    return [*lines, ""]


def structured_table(figures: Mapping[str, float], source_bytes: int) -> list[str]:
    """Return what each pass takes of a program that is mostly syntax."""
    base = figures["structured: ast.parse, no collections"]
    lines = [
        f"## A program of {source_bytes / 1024:.0f} KiB: helpers with loops and arithmetic",
        "",
        "| what | ms | KiB per second | time ÷ ast.parse, no collections |",
        "|---|---:|---:|---:|",
    ]
    for name, seconds in figures.items():
        if name.startswith("structured: "):
            label, rate = name.removeprefix("structured: "), source_bytes / 1024 / seconds
            lines.append(f"| {label} | {seconds * 1000:.1f} | {rate:,.0f} | {seconds / base:.2f} |")
    return [*lines, ""]


def loop_table(figures: Mapping[str, float]) -> list[str]:
    """Return operations per second and memory of loops at the largest size."""
    size = LOOP_SIZES[-1]
    lines = [
        f"## A loop that emits {size:,} operations",
        "",
        "| program | stage | s | operations per second | peak memory, MiB | AQO, MiB |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for kind in LOOPS:
        of = {name: figures[f"{kind}: {size}: {name}"] for name in ("bytes", "operations", "memory before", *STAGES)}
        lines.append(f"| {kind} | before | | | {of['memory before'] / 2**20:.0f} | |")
        for stage in STAGES:
            memory = figures[f"{kind}: {size}: memory {stage}"] / 2**20
            document = f"{of['bytes'] / 2**20:.1f}" if stage == "encode" else ""
            lines.append(
                f"| | {stage} | {of[stage]:.2f} | {of['operations'] / of[stage]:,.0f} | {memory:.0f} | {document} |"
            )
    return [*lines, ""]


def linearity_table(figures: Mapping[str, float]) -> list[str]:
    """Return times over size with the fitted exponent: of source over all sizes, of loops without the smallest."""
    lines = ["## Linearity", "", "| what | " + " | ".join(f"{size:,}" for size in LOOP_SIZES) + " | exponent |"]
    lines.append("|---|" + "---:|" * (len(LOOP_SIZES) + 1))
    for kind in LOOPS:
        for stage in STAGES:
            seconds = {size: figures[f"{kind}: {size}: {stage}"] for size in LOOP_SIZES}
            cells = " | ".join(f"{one * 1000:,.1f}" for one in seconds.values())
            fitted = exponent({size: seconds[size] for size in LOOP_SIZES[1:]})
            lines.append(f"| {kind}: {stage}, ms | {cells} | {fitted:.2f} |")
    lines += ["", "| what | " + " | ".join(f"{size:,}" for size in STRAIGHT_SIZES) + " | exponent |"]
    lines.append("|---|" + "---:|" * (len(STRAIGHT_SIZES) + 1))
    seconds = {size: figures[f"gates {size}"] for size in STRAIGHT_SIZES}
    cells = " | ".join(f"{one * 1000:,.1f}" for one in seconds.values())
    lines.append(f"| straight-line source: compile_source, ms | {cells} | {exponent(seconds):.2f} |")
    return [*lines, ""]


def machine(rounds: int) -> list[str]:
    """Return what the figures were measured on."""
    versions = ", ".join(f"{name} {installed(name)}" for name in VERSIONS)
    return [
        "# The front end",
        "",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; {versions}.",
        f"Processor time, medians of {rounds} turns; memory is the peak of the process up to the end of the stage.",
        f"{os.getloadavg()[2]:.1f} processes at work on average in the last quarter of an hour, this one among them.",
        "",
    ]


def installed(name: str) -> str:
    """Return a distribution's version."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5, help="counted rounds")
    arguments.add_argument("--write", type=Path, help="also write the tables to this file")
    arguments.add_argument("--child", choices=LOOPS, help=argparse.SUPPRESS)
    arguments.add_argument("--size", type=int, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        print(json.dumps(child(given.child, given.size)))
        return
    warnings.simplefilter("ignore")  # of the experimental importer
    straight, structured = Circuit.of(STRAIGHT_SIZES[-1]).as_eigen_lang(), structured_program(1_000)
    with tempfile.TemporaryDirectory() as folder:
        turns: dict[str, Turn | None] = {
            "straight": passes(straight, "straight"),
            "straight, Python": python_alone(straight, "straight"),
            "structured": passes(structured, "structured"),
            "structured, Python": python_alone(structured, "structured"),
            **{f"{size}": whole(Circuit.of(size).as_eigen_lang(), f"gates {size}") for size in STRAIGHT_SIZES},
            **peers(Path(folder)),
            **{f"{kind}, {size}": loop_in_child(kind, size) for kind in LOOPS for size in LOOP_SIZES},
        }
        gc.collect()
        gc.freeze()  # nobody's figures shall depend on how much the others import
        figures = measure(turns, given.rounds)
    lines = [
        *machine(given.rounds),
        *straight_line_table(figures, STRAIGHT_SIZES[-1], len(straight)),
        *loop_table(figures),
        *structured_table(figures, len(structured)),
        *linearity_table(figures),
    ]
    print("\n".join(lines))
    if given.write:
        given.write.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
