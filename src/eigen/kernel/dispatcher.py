"""Device queues and slots: who waits for which device, and who begins now.

The pure decision is `scheduler`'s; here it is joined to the devices that there are, and to those who are told.
"""

from __future__ import annotations

from collections.abc import Callable

from eigen.contracts.jobs import JobRecord
from eigen.kernel.scheduler import Scheduler
from eigen.kernel.work import device_of
from eigen.ports.drivers import DriverManager
from eigen.ports.kernel import KernelObserver

__all__ = ["Dispatcher"]


class Dispatcher:
    """The queues of all devices.

    Args:
        drivers: Knows the devices and their slots.
        observer: Is told how long the queues are.
        begin: Begins a job that has got a slot; quick, starts tasks.
    """

    def __init__(self, *, drivers: DriverManager, observer: KernelObserver, begin: Callable[[str, str], None]) -> None:
        self._drivers = drivers
        self._observer = observer
        self._begin = begin
        self._scheduler = Scheduler()

    def join(self, record: JobRecord) -> None:
        """Let a job wait for a slot of its device."""
        device_id = device_of(record)
        self._scheduler.add_device(device_id, slots=self._drivers.device(device_id).slots)
        self._scheduler.enqueue(record.job_id, device_id=device_id, priority=record.priority)
        self._dispatch(device_id)

    def leave(self, record: JobRecord) -> None:
        """Let a job wait no longer."""
        device_id = device_of(record)
        self._scheduler.leave(record.job_id, device_id=device_id)
        self._tell_depth(device_id)

    def free(self, job_id: str, device_id: str) -> None:
        """Free the slot of a job whose work has really ended, or never began."""
        self._scheduler.release(job_id, device_id=device_id)
        self._dispatch(device_id)

    def load(self, device_id: str) -> tuple[int, int]:
        """Return how many jobs run on a device and how many wait for it."""
        return self._scheduler.load(device_id)

    def _dispatch(self, device_id: str) -> None:
        for job_id in self._scheduler.dispatch(device_id):
            self._begin(job_id, device_id)
        self._tell_depth(device_id)

    def _tell_depth(self, device_id: str) -> None:
        self._observer.on_queue_depth(device_id, self._scheduler.load(device_id)[1])
