"""What runs next: a ready heap for each device, and its slots.

Pure: jobs go in with a priority, and come out in order of priority (higher first), then of arrival, whenever a slot of
their device is free. A slot is busy from `dispatch` to `release`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

__all__ = ["Scheduler"]


@dataclass(slots=True)
class _Queue:
    slots: int
    ready: list[tuple[int, int, str]] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)


class Scheduler:
    """Ready jobs and device slots.

    Example:
        >>> scheduler = Scheduler()
        >>> scheduler.add_device("sim:local", slots=1)
        >>> scheduler.enqueue("job_a", device_id="sim:local", priority=50)
        >>> scheduler.enqueue("job_b", device_id="sim:local", priority=90)
        >>> scheduler.dispatch("sim:local")
        ['job_b']
        >>> scheduler.release("job_b", device_id="sim:local")
        >>> scheduler.dispatch("sim:local")
        ['job_a']
    """

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._arrivals = 0

    def add_device(self, device_id: str, *, slots: int) -> None:
        """Make a device known; a second time changes nothing."""
        self._queues.setdefault(device_id, _Queue(slots=slots))

    def enqueue(self, job_id: str, *, device_id: str, priority: int) -> None:
        """Let a job wait for a slot of its device; a job waits once."""
        queue = self._queues[device_id]
        if job_id in queue.waiting:
            return
        self._arrivals += 1
        queue.waiting[job_id] = self._arrivals
        heappush(queue.ready, (-priority, self._arrivals, job_id))

    def leave(self, job_id: str, *, device_id: str) -> None:
        """Let a job wait no longer; its place in the heap goes when it comes up."""
        self._queues[device_id].waiting.pop(job_id, None)

    def dispatch(self, device_id: str) -> list[str]:
        """Return the jobs that start now, each with a slot of its own, in order."""
        queue = self._queues[device_id]
        started: list[str] = []
        while queue.ready and len(queue.running) < queue.slots:
            _, arrival, job_id = heappop(queue.ready)
            if queue.waiting.get(job_id) == arrival:
                del queue.waiting[job_id]
                queue.running.add(job_id)
                started.append(job_id)
        return started

    def release(self, job_id: str, *, device_id: str) -> None:
        """Free the slot of a job whose work has really ended."""
        self._queues[device_id].running.discard(job_id)

    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it."""
        queue = self._queues.get(device_id)
        return (len(queue.running), len(queue.waiting)) if queue else (0, 0)
