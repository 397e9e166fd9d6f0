"""Loops have one OpenMP thread, and what comes after them has as many as before."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

import pytest

from eigen.workers.confinement import one_openmp_thread


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which libraries are loaded")
def test_every_openmp_library_that_is_loaded_has_one_thread_for_a_while() -> None:
    import qulacs  # noqa: F401  # brings one

    paths = set(re.findall(r"\S*/libgomp\S*", Path("/proc/self/maps").read_text()))
    libraries = [ctypes.CDLL(path) for path in paths]
    assert libraries
    for library in libraries:
        library.omp_set_num_threads(3)
    with one_openmp_thread():
        assert [library.omp_get_max_threads() for library in libraries] == [1] * len(libraries)
    assert [library.omp_get_max_threads() for library in libraries] == [3] * len(libraries)
    for library in libraries:
        library.omp_set_num_threads(1)
