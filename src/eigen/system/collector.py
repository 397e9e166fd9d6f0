"""Python's garbage collector, kept from holding the event loop of a process that is ours.

A full collection looks at every object that there is: with thousands of jobs in flight that takes longer than a turn
of the event loop may take. Our jobs leave no cycles behind, which a test says, so that it finds nothing either. A
process that does nothing but run a system therefore leaves out of all collections what there is when it has opened,
and looks at old objects seldom. Where the system is a library, its host decides; nothing is changed there.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["spared_collector"]

_SELDOM = (2_000, 5, 1_000)
"""How many new objects there are before young ones are looked at, and how many looks between those at older ones."""


@contextmanager
def spared_collector() -> Iterator[None]:
    """Look for garbage seldom, and never among what there is now; as before when it is left."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
