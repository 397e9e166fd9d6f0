"""What is wrong with one program: noted as it is found, told together.

A statement that could not be read or executed leaves names without a meaning. These are suspects: that they are not
declared is no news.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property

from eigen.compiler import source_text
from eigen.compiler.openqasm.catalogue import MAX_SOURCE_BYTES, QasmFault, QasmRefusal
from eigen.compiler.openqasm.lexer import with_line_feeds
from eigen.compiler.openqasm.syntax import Place
from eigen.compiler.report import Report
from eigen.compiler.source_text import SourceText
from eigen.contracts.compilation import ProgramSource
from eigen.contracts.errors import ResourceExhaustedError

__all__ = ["EndedError", "Findings"]

_MAX_NOTED = 1_000
_NAME = re.compile(r"[^\W\d]\w*")
_ECHOES = frozenset({QasmFault.UNKNOWN_NAME, QasmFault.UNKNOWN_GATE})


class EndedError(Exception):
    """There is no point in going on: a limit is passed, or enough is wrong."""


class Findings:
    """Faults of a program. Its text is looked at when there is the first one.

    Args:
        source: The program.
    """

    def __init__(self, source: ProgramSource) -> None:
        self._source = source
        self._noted: set[tuple[str, Place]] = set()
        self._suspects: set[str] = set()

    @cached_property
    def _text(self) -> str:
        return with_line_feeds(self._source.content[:MAX_SOURCE_BYTES].decode("utf-8", "replace"))

    @cached_property
    def _report(self) -> Report:
        return Report(SourceText.of(self._source, self._text, counts_bytes=False))

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self._text))]

    def __len__(self) -> int:
        """Return how many faults there are."""
        return len(self._noted)

    def note(self, refusal: QasmRefusal) -> None:
        """Note what was refused.

        Raises:
            EndedError: Nothing else is worth reading.
        """
        place = (refusal.start, max(refusal.start, refusal.end))
        key = (refusal.fault.code, place)
        if key in self._noted or (refusal.fault in _ECHOES and refusal.facts["name"] in self._suspects):
            return
        self._noted.add(key)
        self._report.add(refusal.fault, self._place(place), **refusal.facts)
        if issubclass(refusal.fault.kind, ResourceExhaustedError) or len(self._noted) == _MAX_NOTED:
            raise EndedError

    def suspect(self, names: Iterable[str]) -> None:
        """Expect no meaning of names."""
        self._suspects.update(names)

    def suspect_text(self, place: Place) -> None:
        """Expect no meaning of the names in a part of the text."""
        self.suspect(_NAME.findall(self._text, *place))

    def raise_if_any(self) -> None:
        """Raise all faults as one error.

        Raises:
            EigenError: There are faults.
        """
        if self._noted:
            self._report.raise_if_any()

    def _place(self, place: Place) -> source_text.Place:
        start, end = place
        first, last = bisect_right(self._line_starts, start), bisect_right(self._line_starts, end)
        return first, start - self._line_starts[first - 1], last, end - self._line_starts[last - 1]
