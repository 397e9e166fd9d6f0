"""Threads that do works at once, where each may wait for the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["Hands"]

_THREADS = 4  # more of them keep the event loop from the interpreter: 16 made its worst stall twice as long


class Hands:
    """Some threads, begun when they are needed."""

    def at_once(self, works: Iterable[Callable[[], None]], *, portion: int = 1) -> None:
        """Do several works at once, and return when the last one has ended, also on an error.

        On a busy disk each name that is given or taken may wait for the journal; so they wait together.

        Args:
            works: What to do.
            portion: How many a thread does, one after the other, unless one fails: to hand a work to another thread
                costs as much as a short one.
        """
        from concurrent.futures import wait

        all_works = tuple(works)
        if not all_works:
            return
        first, *others = (all_works[start : start + portion] for start in range(0, len(all_works), portion))
        begun = [self._threads.submit(_do_all, these) for these in others]
        try:
            _do_all(first)
        finally:
            wait(begun)
        for work in begun:
            work.result()

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # for who changes something; a look-up does not

        return ThreadPoolExecutor(_THREADS, thread_name_prefix="circuit-fs")


def _do_all(works: Iterable[Callable[[], None]]) -> None:
    for work in works:
        work()
