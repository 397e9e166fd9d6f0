"""Python's garbage collector rests while much is allocated of which nothing is garbage.

Syntax trees, code and operations are plain trees and lists: collections while they are made find nothing, and take half
of the time. What is allocated meanwhile is bounded by the limits of programs and circuits.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_collections"]


@contextmanager
def no_collections() -> Iterator[None]:
    """Let the garbage collector rest; whoever found it running starts it again, so threads may overlap."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
