"""qsim's compiled module, loaded without the Cirq that its package imports first. Runs in a worker only.

Importing `qsimcirq` imports Cirq, which takes 2.8 s of processor time; the module that simulates takes 0.02 s, and is
all that is needed. It is one of four, by what the processor can do, as `qsimcirq.qsim_decide` says. That is how the
package is made today, not a promise: where it is not so, the package is imported whole.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

__all__ = ["load_qsim"]

_PACKAGE = "qsimcirq"
_BUILD_OF_INSTRUCTIONS = {0: "qsim_avx512", 1: "qsim_avx2", 2: "qsim_sse"}


def load_qsim() -> Any:
    """Return the compiled module; it stands in `sys.modules` where the package would have put it."""
    try:
        instructions = _part("qsim_decide").detect_instructions()
        return _part(_BUILD_OF_INSTRUCTIONS.get(instructions, "qsim_basic"))
    except (ImportError, AttributeError):
        return importlib.import_module(_PACKAGE).qsim


def _part(name: str) -> ModuleType:
    """Return a module of the package without running the package's own."""
    full_name = f"{_PACKAGE}.{name}"
    if full_name not in sys.modules:
        package = find_spec(_PACKAGE)
        spec = package and PathFinder.find_spec(full_name, package.submodule_search_locations)
        if not spec or not spec.loader:
            raise ImportError(f"there is no {full_name}")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[full_name] = module
    return sys.modules[full_name]
