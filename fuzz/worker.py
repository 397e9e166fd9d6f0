"""The process in which inputs are read: watched, limited, and expendable.

It takes commands and gives answers as lines of JSON. `run` makes inputs by their numbers and reads them; `try` reads
one that is sent. The number of the input that is being read stands in a file that its parent has mapped too, so that
an input that ends this process is known. A timer of the kernel's, which counts the process's own time and needs no
interpreter to work, ends it when one input takes too long.
"""

from __future__ import annotations

import base64
import faulthandler
import importlib
import json
import math
import mmap
import os
import pkgutil
import random
import resource
import signal
import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import eigen.compiler
from eigen.contracts.diagnostics import nearest
from eigen.contracts.errors import EigenError
from fuzz.corpus import Corpus, read_corpus
from fuzz.seeded_bugs import BUGS
from fuzz.targets import TARGETS, Target, complaints, lay_scene
from fuzz.watch import Watch

__all__ = ["BUCKETS_PER_FACTOR", "IDLE", "draw", "main"]

IDLE = -1
"""Stands for the number of an input where none is being read."""

BUCKETS_PER_FACTOR = 20
"""Buckets of the histogram of times for each factor of e, above a microsecond."""

_WARM_UP = 40
_KEPT_SLOWEST = 5
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def draw(target: str, *, seed: int, number: int, corpus: Corpus) -> bytes:
    """Return an input, which depends on its number and the seed only."""
    return TARGETS[target].draw(random.Random(f"{seed}:{target}:{number}"), corpus)


def main() -> None:
    """Serve commands until there are no more."""
    settings = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever an entry point prints is not an answer
    faulthandler.enable()
    corpus = read_corpus()
    os.chdir(settings["scratch"])
    lay_scene()
    worker = _Worker(settings, corpus)
    worker.warm_up()
    for line in sys.stdin:
        answer = worker.obey(json.loads(line)) | {"is_spent": worker.is_spent}
        print(json.dumps(answer), file=answers, flush=True)


class _Worker:
    def __init__(self, settings: dict[str, Any], corpus: Corpus) -> None:
        self._settings = settings
        self._corpus = corpus
        self._watch = Watch()
        with Path(settings["number_file"]).open("r+b") as file:
            self._number = mmap.mmap(file.fileno(), 8)
        self._base_rss = 0
        self._bug: Callable[[bytes], None] | None = None
        self.is_spent = False

    def warm_up(self) -> None:
        """Import what is imported when it is first needed; from here on, imports are misdeeds."""
        nearest("warm", ["up"])
        for module in pkgutil.walk_packages(eigen.compiler.__path__, "eigen.compiler."):
            importlib.import_module(module.name)
        for name, target in TARGETS.items():
            for number in range(_WARM_UP):
                self._read(target, draw(name, seed=-1, number=number, corpus=self._corpus))
        self._watch.install()
        most = self._settings["address_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self._base_rss = _max_rss()

    def _read(self, target: Target, content: bytes) -> None:
        try:
            target.read(content)
        except EigenError as error:
            error.to_json()
        except Exception:  # noqa: BLE001  # the same kind of input is judged later
            pass

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        self._bug = BUGS.get(command["bug"])
        if command["do"] == "try":
            content = base64.b64decode(command["content"])
            return {"problems": self._judge(command["target"], content, 0)[2]}
        return self._run(command["target"], command["seed"], command["start"], command["stop"])

    def _run(self, target: str, seed: int, start: int, stop: int) -> dict[str, Any]:
        outcomes: Counter[str] = Counter()
        times: Counter[int] = Counter()
        slowest: list[tuple[float, int]] = []
        found: list[tuple[int, str, str, str]] = []
        number, parses, num_bytes = start, self._watch.parses, 0
        while number < stop and not self.is_spent:
            content = draw(target, seed=seed, number=number, corpus=self._corpus)
            outcome, seconds, problems = self._judge(target, content, number)
            outcomes[outcome] += 1
            times[max(0, int(math.log(max(seconds, 1e-9) / 1e-6) * BUCKETS_PER_FACTOR))] += 1
            slowest = sorted([*slowest, (seconds, number)], reverse=True)[:_KEPT_SLOWEST]
            found += [(number, *one) for one in problems]
            num_bytes += len(content)
            number += 1
        return {
            "count": number - start,
            "next": number,
            "outcomes": outcomes,
            "times": times,
            "slowest": slowest,
            "found": found,
            "max_rss": _max_rss(),
            "base_rss": self._base_rss,
            "parses": self._watch.parses - parses,
            "num_bytes": num_bytes,
        }

    def _judge(self, name: str, content: bytes, number: int) -> tuple[str, float, list[tuple[str, str, str]]]:
        """Return the outcome, its time, and problems: kind, signature, story."""
        target, watch = TARGETS[name], self._watch
        watch.may_open = target.may_open
        problems: list[tuple[str, str, str]] = []
        answer: Any = None
        outcome = "accepted"
        failure: BaseException | None = None
        self._begin(number)
        with watch:
            before = time.thread_time()  # the process's clock stands still between ticks while a timer runs
            try:
                if self._bug:
                    self._bug(content)
                answer = target.read(content)
            except BaseException as error:  # noqa: BLE001  # nothing but typed errors may come out, and this tells
                failure = error
            seconds = time.thread_time() - before
        if isinstance(failure, EigenError):
            outcome = failure.reason
            problems += [(kind, f"{kind} {outcome}", story) for kind, story in complaints(target, failure)]
        elif failure is not None:
            outcome = "unhandled"
            problems.append(_unhandled(failure))
        else:
            problems += [("untrue", f"untrue {one[:40]}", one) for one in target.check(content, answer)]
        self._end()
        problems += [(kind, f"{kind} {event.split()[0]}", event) for kind, event in watch.misdeeds]
        problems += self._excesses(seconds, target)
        return outcome, seconds, problems

    def _begin(self, number: int) -> None:
        self._number[0:8] = struct.pack("<q", number)
        signal.setitimer(signal.ITIMER_PROF, self._settings["hang_sec"])

    def _end(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._number[0:8] = struct.pack("<q", IDLE)

    def _excesses(self, seconds: float, target: Target) -> Iterator[tuple[str, str, str]]:
        most_sec, most_bytes = self._settings["slow_sec"] * target.patience, self._settings["memory_bytes"]
        if seconds > most_sec:
            yield "slow", "slow", f"took {seconds:.2f} s of processor time; {most_sec:g} s are allowed"
        taken = _max_rss() - self._base_rss
        if taken > most_bytes:
            self.is_spent = True  # the high-water mark never falls: others would be blamed for it
            yield "memory", "memory", f"took {taken >> 20} MiB; {most_bytes >> 20} MiB are allowed"


def _unhandled(error: BaseException) -> tuple[str, str, str]:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "eigen" in Path(one.filename).parts] or frames[-1:]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    story = "".join(traceback.format_exception(error, limit=-6))[-3000:]
    return "unhandled", f"unhandled {type(error).__name__} at {place}", story


def _max_rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


if __name__ == "__main__":
    main()
