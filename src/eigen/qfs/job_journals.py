"""The journal of a job that runs a loop or a sweep: parts that its workers append to while it is open.

A part is `.journal-<number>` in the job's folder, until the job is sealed. Other processes of its owner write there,
and an exclusive lock on the open file, which all of its copies share, keeps two attempts apart.
"""

from __future__ import annotations

from eigen.qfs.filesystem import FileSystem
from eigen.qfs.layout import journal_busy
from eigen.qfs.whole_files import WholeFiles

__all__ = ["JOURNAL", "JobJournals"]

JOURNAL = ".journal-"
"""What the names of a journal's parts begin with."""

_LOCK_TRIES = 20  # a killed owner's workers are gone within some hundredths of a second
_LOCK_WAIT_SEC = 0.05


class JobJournals:
    """Journals of jobs, by the jobs' folders.

    Args:
        filesystem: Where the folders are.
    """

    def __init__(self, filesystem: FileSystem) -> None:
        self._files = filesystem
        self._whole = WholeFiles(filesystem)

    def open(self, folder: str, part: int, *, job_id: str) -> int:
        """Return a descriptor of a part, locked.

        Raises:
            UnavailableError: Another process has it.
        """
        descriptor = self._files.open_journal(f"{folder}/{JOURNAL}{part}")
        try:
            for _ in range(_LOCK_TRIES):
                if self._files.lock(descriptor):
                    return descriptor
                self._files.wait(_LOCK_WAIT_SEC)
            raise journal_busy(job_id)
        except BaseException:
            self._files.close(descriptor)
            raise

    def close(self, descriptor: int) -> None:
        """Let go of a part."""
        self._files.close(descriptor)

    def contents(self, folder: str) -> tuple[bytes, ...]:
        """Return what is in the parts, in order."""
        return tuple(self._whole.content(path) for path in self._paths(folder))

    def remove(self, folder: str) -> None:
        """Remove all parts."""
        self._whole.remove_all(self._paths(folder))

    def _paths(self, folder: str) -> list[str]:
        names = [name for name in self._files.list_folder(folder) if name.startswith(JOURNAL)]
        return [f"{folder}/{name}" for name in sorted(names, key=lambda name: int(name.removeprefix(JOURNAL)))]
