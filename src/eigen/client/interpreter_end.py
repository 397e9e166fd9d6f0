"""What is done when the interpreter ends, while its threads can still work: whatever was left open is closed.

Theory. A client's event loop is in a daemon thread. That one is stopped for good after the interpreter's thread pools
are closed and `atexit` was called: from the first on whatever the loop asks of a pool is refused, and a job that only
wants to be stored would fail of it; from the last on whoever still calls the loop waits for ever. So a client that
nobody has closed is closed before either. Its jobs are left to the next system.
"""

from __future__ import annotations

import atexit
import concurrent.futures.thread  # noqa: F401  # its own ending is registered first, and so comes after those from here
import os
import threading
from collections.abc import Callable

__all__ = ["before_the_end"]


def before_the_end(call: Callable[[], object]) -> None:
    """Have something called when the interpreter ends, before its thread pools are closed; what comes last is first.

    Python has no public hook for that moment; its own pools use this one. A process that is forked off does not call
    it: it has none of its parent's threads.
    """
    owner = os.getpid()

    def call_once() -> None:
        if os.getpid() == owner:
            call()

    getattr(threading, "_register_atexit", atexit.register)(call_once)
