"""Examples with loops against published answers, each by the functions that make its README's table."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CHEMICAL_ACCURACY = 1.6e-3
TABLES = ["hydrogen_dissociation", "ising_vqe", "lithium_hydride", "maxcut_qaoa"]
FAST = {"target": "sim:qulacs"}


def script(path: Path) -> ModuleType:
    """A script of an example as a module; its folder's neighbours can be imported by it."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_dissociation_curve_is_exact_to_chemical_accuracy(examples: Any) -> None:
    curve = script(examples.folder / "hydrogen_dissociation" / "curve.py").curve
    for one in curve(examples.client, every=9, **FAST):
        assert one["energy"] == pytest.approx(one["exact"], abs=CHEMICAL_ACCURACY)
        assert one["energy"] > one["exact"] - 1e-9  # no state lies below the ground state


def test_the_default_job_of_the_curve_runs_on_the_default_device(examples: Any) -> None:
    results = examples.run("hydrogen_dissociation")
    assert results.outputs["energy"] + 0.7055696146 == pytest.approx(-1.1371170673, abs=1e-6)


def test_lithium_hydride_has_the_exact_energy_of_its_active_space(examples: Any) -> None:
    energy = script(examples.folder / "lithium_hydride" / "energy.py").energy
    assert energy(examples.client, **FAST) == pytest.approx(-7.8810720440, abs=1e-6)


def test_qaoa_cuts_the_published_shares_of_edges(examples: Any) -> None:
    ratios = script(examples.folder / "maxcut_qaoa" / "ratios.py")
    names = ["ring of 10, p = 1", "ring of 10, p = 2", "Petersen's graph, p = 1"]
    found = ratios.shares(examples.client, names, **FAST)
    assert found == {name: pytest.approx(ratios.CASES[name][2], abs=1e-3) for name in names}


def test_the_ising_chain_has_its_ground_energy(examples: Any) -> None:
    energies = script(examples.folder / "ising_vqe" / "energies.py")
    assert [energies.exact(sites) for sites in (4, 6, 8)] == pytest.approx([-4.758770, -7.296230, -9.837951], abs=1e-6)
    assert energies.found(examples.client, (4,), **FAST) == {4: pytest.approx(-4.758770, abs=1e-3)}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_was_made_and_its_last_two_columns_agree(examples: Any, name: str) -> None:
    """As far as the page promises; the errors of the hydrogen table are in mHa, in its last column."""
    page = (examples.folder / name / "README.md").read_text(encoding="utf-8")
    table = page.partition("<!-- made by ")[2].partition("<!-- end -->")[0]
    rows = [re.findall(r"[^|]+", line) for line in table.splitlines()[3:]]
    assert len(rows) == {"hydrogen_dissociation": 54, "ising_vqe": 3, "lithium_hydride": 4, "maxcut_qaoa": 6}[name]
    for *_, found, expected in rows if name in {"ising_vqe", "maxcut_qaoa"} else ():
        assert float(found) == pytest.approx(float(expected), abs=1e-3)
    if name == "hydrogen_dissociation":
        assert max(float(row[-1]) for row in rows) < 1_000 * CHEMICAL_ACCURACY


def test_hydrogen_has_its_ground_energy(examples: Any) -> None:
    results = examples.run("hydrogen_vqe")
    assert results.outputs["electrons"]["value"] == pytest.approx(-1.8572750302, abs=2e-10)
    assert results.outputs["total"] == pytest.approx(-1.1373060358, abs=2e-10)
