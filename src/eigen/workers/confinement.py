"""What keeps a child process from outliving its parent, eating the machine or writing on the user's terminal.

Each call is Linux's where Linux has it; elsewhere the promise is kept more slowly, by the end of the socket.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "MemoryLimit",
    "be_first_to_go",
    "die_with_parent",
    "forbid_core_dumps",
    "one_openmp_thread",
    "redirect_standard_streams",
]

_PR_SET_PDEATHSIG = 1
_THREAD_BYTES = 32 * 2**20
_HEADROOM_BYTES = 2**30
_COUNTED_EVERY = 64


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; end at once if that has happened."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def be_first_to_go() -> None:
    """Ask Linux, when it must kill something for memory, to kill this process before the system's own."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def forbid_core_dumps() -> None:
    """Write no core file: it would hold users' circuits, and gigabytes of amplitudes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def one_openmp_thread() -> Iterator[None]:
    """Have the OpenMP libraries of this process use one thread for a while, where the system tells which there are.

    Several threads add up in any order, so that sums may differ in their last bits from run to run; and for small
    states waking threads takes longer than the work.
    """
    libraries = [ctypes.CDLL(path) for path in _openmp_libraries()]
    before = [library.omp_get_max_threads() for library in libraries]
    for library in libraries:
        library.omp_set_num_threads(1)
    try:
        yield
    finally:
        for library, number in zip(libraries, before, strict=True):
            library.omp_set_num_threads(number)


def _openmp_libraries() -> set[str]:
    """Return the paths of the OpenMP libraries that are loaded; simulators bring their own."""
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return set()
    return set(re.findall(r"\S*/lib(?:g|i)?omp[.-]\S*", maps))


class MemoryLimit:
    """The limit of a process that serves one request after the other; counting what is mapped takes some 50 µs.

    So requests that may take as much as the one before run under its limit, and it is counted anew only now and then:
    what a process maps for good in some requests is little beside the head-room.
    """

    def __init__(self) -> None:
        self._asked: tuple[int, int] | None = None
        self._served = 0

    def set(self, memory_bytes: int, *, num_threads: int) -> None:
        """Let the next request take so much, and head-room for `num_threads` threads and the allocator."""
        asked, self._served = (memory_bytes, num_threads), self._served + 1
        if asked != self._asked or self._served >= _COUNTED_EVERY:
            _limit_memory(memory_bytes, num_threads=num_threads)
            self._asked, self._served = asked, 0


def _limit_memory(memory_bytes: int, *, num_threads: int) -> None:
    """Let the address space grow by at most `memory_bytes` and some head-room for threads and the allocator.

    Counted from what is mapped now, and as a soft limit, so that the next request may have another one.
    """
    mapped_bytes = _mapped_bytes()
    if mapped_bytes is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = mapped_bytes + memory_bytes + _HEADROOM_BYTES + num_threads * _THREAD_BYTES
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _mapped_bytes() -> int | None:
    """Return the size of this process's address space, or None where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def redirect_standard_streams(output: int) -> None:
    """Read nothing, and write everything that libraries print to the descriptor `output`."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
