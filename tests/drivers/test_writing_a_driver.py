"""The driver that `docs/writing-a-driver.md` builds, as it stands there, keeps every promise of a driver."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

from eigen.testing.driver_conformance import check_driver

_PAGE = (Path(__file__).parents[2] / "docs" / "writing-a-driver.md").read_text(encoding="utf-8")
_FILES = dict(re.findall(r"`(mylab_eigen/\w+\.py)`:\n\n```python\n(.*?)```", _PAGE, re.DOTALL))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's package, installed as far as imports and entry points can tell; workers import it too."""
    for name, source in {"mylab_eigen/__init__.py": "", **_FILES}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("package")
async def test_the_driver_of_the_page_keeps_its_promises() -> None:
    try:
        async with import_module("mylab_eigen.driver").MyLabDriver() as driver:
            await check_driver(driver, "mylab:vector")
    finally:
        for name in [one for one in sys.modules if one.startswith("mylab_eigen")]:
            del sys.modules[name]


def test_the_page_has_the_files_it_speaks_of() -> None:
    assert sorted(_FILES) == ["mylab_eigen/driver.py", "mylab_eigen/engine.py"]
