"""Files that the user asked to be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eigen.contracts.errors import AlreadyExistsError, InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["making_files", "write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; one that is there is replaced.

    Raises:
        InvalidArgumentError: It cannot be written there.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with making_files(path):
        try:
            draft.write_bytes(content)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


@contextmanager
def making_files(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a path into errors of ours.

    Raises:
        AlreadyExistsError: It exists.
        InvalidArgumentError: It cannot be written.
    """
    try:
        yield
    except FileExistsError as error:
        raise AlreadyExistsError(
            f"{quoted(str(path))} exists", reason="OUTPUT_EXISTS", hint="choose another name, or remove it"
        ) from error
    except OSError as error:
        raise InvalidArgumentError(
            f"{quoted(str(path))} cannot be written: {error.strerror}",
            reason="OUTPUT_NOT_WRITABLE",
            hint="choose a place that exists and that you may write to",
        ) from error
