"""Tables that examples make, put into their READMEs between two comments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["write_table"]


def write_table(script: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Put a table into the README beside a script, where it says that the script makes it, and return it."""
    lines = [head, ["---:"] * len(head), *rows]
    table = "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
    begin, end = f"<!-- made by {Path(script).name} -->\n", "<!-- end -->\n"
    readme = Path(script).with_name("README.md")
    before, rest = readme.read_text(encoding="utf-8").split(begin)
    readme.write_text(f"{before}{begin}{table}{end}{rest.partition(end)[2]}", encoding="utf-8")
    return table
