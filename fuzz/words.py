"""Names, ids, points in time and command lines: texts that people type and other programs send."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import typer

from eigen.cli.app import build_app
from eigen.cli.inputs import parse_inputs, parse_pairs
from eigen.cli.moments import parse_moment
from eigen.client.packaging import Overrides, package
from eigen.contracts.errors import EigenError, InvalidArgumentError
from eigen.contracts.jobspec import JobMetadata, JobSpec, JobSpecBody
from eigen.contracts.printable import printable
from eigen.contracts.trace import TraceContext
from eigen.jobfile.loader import override
from eigen.qfs.layout import require_job_id, require_names
from fuzz.templates import Grammar, Rules

__all__ = ["check_names", "draw_arguments", "draw_name", "read_arguments", "read_names"]

_NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
_SPEC = JobSpec(metadata=JobMetadata(name="bell"), spec=JobSpecBody(target="sim:local", shots=1))


def _placed(text: str, field: str) -> None:
    override(_SPEC, {field: text})


_READERS: dict[str, Callable[[str], object]] = {
    "job id": require_job_id,
    "artifact": lambda text: require_names([text]),
    "traceparent": TraceContext.parse,
    "moment": partial(parse_moment, option="--since", now=_NOW),
    "name": partial(_placed, field="name"),
    "target": partial(_placed, field="target"),
    "input": lambda text: parse_inputs([text]),
}
_FILE_NAMES = ("job id", "artifact", "name", "target")


def read_names(content: bytes) -> list[str]:
    """Give a text to all readers of names, and return which of them take it.

    Raises:
        EigenError: None does.
    """
    text = content.decode("utf-8", "surrogateescape")
    taken, refusals = [], []
    for kind, read in _READERS.items():
        try:
            read(text)
        except EigenError as error:
            error.to_json()
            refusals.append(error)
        else:
            taken.append(kind)
    if not taken:
        raise refusals[len(text) % len(refusals)]
    return taken


def check_names(content: bytes, taken: list[str]) -> Iterator[str]:
    """Name why a text that is taken is no name: parts of paths, and what cannot be shown."""
    text = content.decode("utf-8", "surrogateescape")
    for kind in _FILE_NAMES:
        is_plain = text.isascii() and text.isprintable() and not set(text) & set("/\\ '\"$`;|&<>*?~")
        if kind in taken and (not is_plain or text in {"", ".", ".."} or (text.startswith("-") and kind != "artifact")):
            yield f"{text!a} is taken for a {kind}"
    shown = printable(text, limit=200)
    if printable(shown, limit=len(shown)) != shown:
        yield f"{text!a} is shown as {shown!a}"


def read_arguments(content: bytes, *, folder: Path) -> list[str]:
    """Read a command line, one word a line, as far as its files and values; run nothing.

    Args:
        content: The words.
        folder: Where files are looked for that the words name.

    Raises:
        EigenError: A word is wrong.
    """
    words = content.replace(b"\0", b"").decode("utf-8", "surrogateescape").split("\n")  # no system passes NUL on
    try:
        command, rest = _command(words)
        with command.make_context(words[0], rest) as context:
            given = dict(context.params)
    except typer.Exit:
        return ["help"]
    except _USAGE as error:
        raise InvalidArgumentError(
            printable(error.format_message(), limit=400), reason=f"USAGE_{type(error).__name__}"
        ) from None
    return [*_values(given), *_files(given, folder)]


_USAGE: Any = typer.BadParameter.__mro__[1]


@cache
def _commands() -> Any:
    return typer.main.get_command(build_app())


def _command(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that the words begin with, and the words behind it."""
    command, position = _commands(), 0
    while position < len(words) and words[position] in getattr(command, "commands", {}):
        command, position = command.commands[words[position]], position + 1
    return command, words[position:]


def _values(given: dict[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        if name in ("inputs", "input"):
            yield from parse_inputs(value or ())
        elif name in ("labels", "label"):
            yield from parse_pairs(value or (), option="--label")
        elif name in ("since", "until", "after", "before") and value:
            yield parse_moment(str(value), option=f"--{name}", now=_NOW).isoformat()


def _files(given: dict[str, Any], folder: Path) -> Iterator[str]:
    fields = {
        name: given[name] for name in ("name", "target", "shots", "seed", "priority") if given.get(name) is not None
    }
    for name in ("job", "file", "files"):
        found = given.get(name)
        for path in found if isinstance(found, list | tuple) else [found]:
            if path:
                inputs = parse_inputs(given.get("inputs") or ())
                yield package(
                    folder / Path(path).name, overrides=Overrides(**fields, inputs=inputs)
                ).request.spec.metadata.name


_ODD = (
    "", " ", ".", "..", "-", "--", "@last", "@", "/", "../x", "/etc/passwd", "~", "`id`", ";id", "|", "&", "*",
    "?", "%s",
    "%00", "\\0", "\x1b[2J", "\u202e", "\u200b", "\ufeff", "\u2028", "é", "ß", "ＡＢ", "😀", "\ud800",
    "a" * 64, "a" * 65, "a" * 300,
    "a" * 100_000, "0", "-1", "1e999", "NaN", "Infinity", "-Infinity",
    "9" * 5000, "[" * 2000, "[" * 2000 + "]" * 2000, "{}", '{"a":1}',
    "[1,2]", "null", "true", "0x10", "1_0", "1e400", "[1e999]", "[NaN]", '"\\ud800"', "con", "nul", "meta.json",
    "job.yaml", ".hidden",
    "job_",
    "job_" + "0" * 26, "job_" + "z" * 26, "job_" + "0" * 27, "JOB_" + "0" * 26, "job_" + "٠" * 26, "sim:local",
    "sim:", ":",
    "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "00-" + "0" * 32 + "-" + "b" * 16 + "-01", "2h", "999999w", "0s",
    "2026-01-01",
    "2026-01-01T00:00Z", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "2026-13-01", "2026-W01", "20260101",
    "bell", "a-b",
    "program.eigen.py", "job", "fifo.eigen.py", "linked", "link.eigen.py", "\n", "\r", "\t", "a\nb", "=", "a=",
    "=a", "a=b", "a=b=c",
)  # fmt: skip
_NAME: Rules = {
    "name": ("$odd", "$odd$odd", "$word", "$word-$word", "$word=$odd", "job_$word", "$word:$word", "$odd-$word"),
    "word": ("bell", "a", "n", "theta", "0", "2026", "x1", "sim", "local"),
    "odd": _ODD,
}
_COMMANDS = (
    "submit", "run", "status", "watch", "results", "cancel", "jobs", "logs", "trace", "events", "compile", "check",
    "visualize",
    "devices", "version", "doctor", "artifacts\nls", "artifacts\ncat", "artifacts\nexport", "artifacts\nverify",
    "devices\nlist",
    "devices\nstatus", "rerun", "init", "serve",
)  # fmt: skip
_LINE: Rules = {
    "line": ("$command\n$words", "$command\n--job\nprogram.eigen.py\n$words", "run\nprogram.eigen.py\n$words",
             "check\nprogram.eigen.py\n--input\n$pair", "jobs\n$words"),
    "command": _COMMANDS,
    "words": ("$option", "$option\n$words", "$option\n$words"),
    "option": (
        "--input\n$pair", "--shots\n$number", "--seed\n$number", "--priority\n$number", "--name\n$text",
        "--target\n$text", "--json",
        "--state\n$text", "--label\n$pair", "--since\n$text", "--emit\n$text", "--out\n$text", "--watch",
        "--no-watch", "--detach",
        "--idempotency-key\n$text", "--limit\n$number", "$text", "--program\n$text", "--help", "--root\n$text",
    ),
    "pair": ("n=2", "theta=0.25", "n=$text", "$text=1", "$text"),
    "number": ("1", "7", "100", "$text"),
    "text": ("bell", "program.eigen.py", "@last", "$odd"),
    "odd": _NAME["odd"],
}  # fmt: skip
_WILD_LINE: Rules = {
    "line": ("$text\n$words", "$words", "$command"),
    "option": ("$text\n$text", "--$text", "-$text", "--$text=$text", "--input=$text", "--shots=$text"),
}
_NAMES, _LINES = Grammar(_NAME, {}), Grammar(_LINE, _WILD_LINE)


def draw_name(chance: random.Random) -> bytes:
    """Return a random name."""
    return _NAMES.draw(chance, start="name", wildness=0, budget=20).encode("utf-8", "surrogatepass")


def draw_arguments(chance: random.Random) -> bytes:
    """Return a random command line, one word a line."""
    text = _LINES.draw(chance, start="line", wildness=chance.choice((0.0, 0.05, 0.3)), budget=chance.choice((10, 40)))
    return text.encode("utf-8", "surrogatepass")
