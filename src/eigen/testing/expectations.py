"""What conformance suites expect."""

from __future__ import annotations

__all__ = ["expect"]


def expect(holds: bool, story: str) -> None:
    """Raise AssertionError, also under `python -O`, which leaves `assert` out."""
    if not holds:
        raise AssertionError(story)
