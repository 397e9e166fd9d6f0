"""Files, read once and safely.

A path that a job file names is opened part by part from the job file's folder, each with `O_NOFOLLOW`; what was opened
is checked on the descriptor, read once up to a limit, and what was read is what is hashed and kept. So neither a link
nor a change between check and use leads outside. A path that the user typed is the user's own: links are followed.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from eigen.contracts.errors import EigenError, InvalidArgumentError, NotFoundError, ResourceExhaustedError
from eigen.contracts.printable import quoted

__all__ = ["read_beside", "read_file"]

_READ_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
_LINK = ("is a link", "put the file itself there: programs of a job file are read without following links")
_ENDLESS_LINKS = ("leads from link to link without end", "name the file itself, or mend the links")


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """Return the content of a regular file that the user named.

    Raises:
        NotFoundError: There is no such file (reason `JOBFILE_NOT_FOUND`).
        InvalidArgumentError: It is a folder or device (`JOBFILE_NOT_A_FILE`), or cannot be read (`JOBFILE_UNREADABLE`).
        ResourceExhaustedError: It is too large (`JOBFILE_SIZE`).
    """
    try:
        return _read_descriptor(os.open(path, _READ_FLAGS), max_bytes, str(path))
    except (OSError, ValueError) as error:
        raise _translated(error, str(path), links=_ENDLESS_LINKS) from error


def read_beside(folder: Path, relative: str, *, max_bytes: int) -> bytes:
    """Return the content of a regular file within a folder; no part of the relative path may be a link.

    Args:
        folder: The job file's folder.
        relative: A path without `..`, not absolute.
        max_bytes: Largest size.

    Raises:
        NotFoundError, InvalidArgumentError, ResourceExhaustedError: As `read_file`; `JOBFILE_LINK` for a link.
    """
    *folders, name = [part for part in relative.split("/") if part not in {"", "."}]
    descriptor = -1
    try:
        descriptor = os.open(folder, _FOLDER_FLAGS)
        for part in folders:
            inner = os.open(part, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        return _read_descriptor(os.open(name, _READ_FLAGS | os.O_NOFOLLOW, dir_fd=descriptor), max_bytes, relative)
    except (OSError, ValueError) as error:
        raise _translated(error, relative, links=_LINK) from error
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _read_descriptor(descriptor: int, max_bytes: int, shown: str) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # of a folder, Python makes no file that would close it
        os.close(descriptor)
        raise _not_a_file(shown)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ResourceExhaustedError(
            f"{quoted(shown, limit=200)} has more than {max_bytes} bytes, the limit",
            reason="JOBFILE_SIZE",
            hint="put the program into a file of its own, write loops out less, or split the work over several jobs",
        )
    return content


def _not_a_file(shown: str) -> EigenError:
    return InvalidArgumentError(
        f"{quoted(shown, limit=200)} is not a regular file",
        reason="JOBFILE_NOT_A_FILE",
        hint="name a file rather than a folder, a pipe or a device",
    )


def _translated(error: OSError | ValueError, shown: str, *, links: tuple[str, str]) -> EigenError:
    number = error.errno if isinstance(error, OSError) else errno.EINVAL
    if number == errno.ENOENT:
        hint = "look at its spelling, and at the folder that it is relative to"
        return NotFoundError(f"there is no file {quoted(shown, limit=200)}", reason="JOBFILE_NOT_FOUND", hint=hint)
    if number == errno.ELOOP:
        what, hint = links
        return InvalidArgumentError(f"{quoted(shown, limit=200)} {what}", reason="JOBFILE_LINK", hint=hint)
    if number in {errno.EISDIR, errno.ENOTDIR, errno.ENXIO}:
        return _not_a_file(shown)
    why = os.strerror(number).lower() if number else "unknown error"
    return InvalidArgumentError(
        f"{quoted(shown, limit=200)} cannot be read: {why}",
        reason="JOBFILE_UNREADABLE",
        hint="look at its name, and at who may read it and the folders above it",
    )
