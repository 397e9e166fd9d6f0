"""The dissociation curve of hydrogen: a job for each of 54 bond lengths, all in flight at once; the README's table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import eigen

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tables import write_table  # noqa: E402  # it lies beside the examples' folders

COEFFICIENTS = ("constant", "z", "zz", "xx")


def curve(client: eigen.Client, *, every: int = 1, **options: Any) -> list[dict[str, float]]:
    """Return a row of the table of integrals for every n-th bond length, with the total `energy` found, in Hartree."""
    rows = json.loads((HERE / "hydrogen_sto3g.json").read_text(encoding="utf-8"))["rows"][::every]
    inputs = [{name: row[name] for name in COEFFICIENTS} for row in rows]
    jobs = [client.submit(HERE / "job.yaml", inputs=one, **options) for one in inputs]
    return [
        {**row, "energy": job.results().outputs["energy"] + row["nuclear"]} for row, job in zip(rows, jobs, strict=True)
    ]


if __name__ == "__main__":
    with eigen.Client() as client:
        points = curve(client)
    lines = [
        (
            f"{one['bond_length']:.2f}",
            f"{one['energy']:.8f}",
            f"{one['exact']:.8f}",
            f"{abs(one['energy'] - one['exact']) * 1000:.6f}",
        )
        for one in points
    ]
    print(write_table(__file__, ("bond length (Å)", "energy (Ha)", "exact (Ha)", "error (mHa)"), lines))
