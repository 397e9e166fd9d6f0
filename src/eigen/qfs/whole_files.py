"""Files that are written, read and removed whole, by the calls of one file system."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from eigen.contracts.errors import EigenError
from eigen.qfs.filesystem import FileSystem
from eigen.qfs.layout import artifact_corrupt

__all__ = ["WholeFiles", "undone_on_error"]

_CHUNK_BYTES = 1024 * 1024
_NOT_A_FILE = frozenset({errno.EINVAL, errno.ELOOP, errno.EISDIR, errno.ENXIO})


class WholeFiles:
    """What is done with whole files.

    Args:
        filesystem: The operating system's files.
    """

    def __init__(self, filesystem: FileSystem) -> None:
        self._files = filesystem

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write new files, by path."""
        for path, content in contents.items():
            descriptor = self._files.create_file(path)
            try:
                self._write_all(descriptor, content)
            finally:
                self._files.close(descriptor)

    def _write_all(self, descriptor: int, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            taken = self._files.write(descriptor, rest)
            if taken <= 0:
                raise OSError(errno.EIO, "nothing was written")
            rest = rest[taken:]

    def content(self, path: str) -> bytes:
        """Return a file's content.

        Raises:
            InternalError: It is no regular file.
            OSError: It cannot be read.
        """
        try:
            descriptor = self._files.open_file(path)
        except OSError as error:
            if error.errno in _NOT_A_FILE:
                raise artifact_corrupt(path.rpartition("/")[2], "is no regular file") from error
            raise
        with ExitStack() as stack:
            stack.callback(self._files.close, descriptor)
            return b"".join(iter(lambda: self._files.read(descriptor, _CHUNK_BYTES), b""))

    def listed(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; none where there is no folder."""
        try:
            return sorted(self._files.list_folder(path))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove_tree(self, folder: str) -> None:
        """Remove a folder and the files in it."""
        for name in self._files.list_folder(folder):
            self._files.remove_file(f"{folder}/{name}")
        self._files.remove_folder(folder)

    def remove_all(self, paths: Iterable[str]) -> None:
        """Remove those files that can be removed."""
        for path in paths:
            with suppress(OSError):
                self._files.remove_file(path)

    @contextmanager
    def removed_at_last(self, paths: Iterable[str]) -> Iterator[None]:
        """Remove files at the end, whatever it is."""
        try:
            yield
        finally:
            self.remove_all(paths)


@contextmanager
def undone_on_error(undo: Callable[[], None]) -> Iterator[None]:
    """Undo what was done before an error."""
    try:
        yield
    except BaseException:
        with suppress(OSError, EigenError):
            undo()
        raise
