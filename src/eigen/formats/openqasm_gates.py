"""What each gate of the table is called in OpenQASM, or how it is defined where the standard libraries lack it.

OpenQASM 3: `stdgates.inc` (https://openqasm.com/language/standard_library.html). OpenQASM 2: `qelib1.inc` as Qiskit
and the tools that follow it ship it; where the paper's own file (arXiv:1707.03429) has another name for a gate, that
one is used. A definition in OpenQASM 3 is exact, its global phase included, so that whoever goes on with the text may
control it. OpenQASM 2 has no modifiers, so that a phase has no meaning there. `u3` of `stdgates.inc` is our `u` but
for a phase.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from eigen.contracts.gates import GATES

__all__ = ["OPENQASM2_DEFINITIONS", "OPENQASM2_NAMES", "OPENQASM3_DEFINITIONS", "OPENQASM3_NAMES", "RESERVED_NAMES"]

_SHARED = {
    "r": "gate r(alpha, phi) a { rz(-phi) a; rx(alpha) a; rz(phi) a; }",  # sorted names: some readers sort
    "iswap": "gate iswap a, b { s a; s b; h a; cx a, b; cx b, a; h b; }",
    "rxx": "gate rxx(theta) a, b { h a; h b; cx a, b; rz(theta) b; cx a, b; h a; h b; }",
    "ryy": "gate ryy(theta) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(theta) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; }",
    "rzz": "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }",
    "rzx": "gate rzx(theta) a, b { h b; cx a, b; rz(theta) b; cx a, b; h b; }",
    "ecr": "gate ecr a, b { h b; cx a, b; rz(pi/4) b; cx a, b; h b; x a; h b; cx a, b; rz(-pi/4) b; cx a, b; h b; }",
}

OPENQASM3_DEFINITIONS: Mapping[str, str] = MappingProxyType(
    _SHARED
    | {
        "sxdg": "gate sxdg a { inv @ sx a; }",
        "cs": "gate cs a, b { ctrl @ s a, b; }",
        "csdg": "gate csdg a, b { ctrl @ sdg a, b; }",
        "csx": "gate csx a, b { ctrl @ sx a, b; }",
        "ccz": "gate ccz a, b, c { ctrl @ cz a, b, c; }",
    }
)
"""Definitions of the gates that `stdgates.inc` lacks, by their name in the table."""

OPENQASM2_DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {name: _SHARED[name].replace(", ", ",") for name in ("r", "iswap", "ryy", "rzx", "ecr")}
    | {
        "cs": "gate cs a,b { cu1(pi/2) a,b; }",
        "csdg": "gate csdg a,b { cu1(-pi/2) a,b; }",
        "ccz": "gate ccz a,b,c { h c; ccx a,b,c; h c; }",
    }
)
"""Definitions of the gates that `qelib1.inc` lacks."""

OPENQASM3_NAMES: Mapping[str, str] = MappingProxyType({gate.op: gate.openqasm or gate.name for gate in GATES.values()})
"""AQO's operation → the gate's name in OpenQASM 3."""

_OLDER = {"u": "u3", "p": "u1", "cp": "cu1"}

OPENQASM2_NAMES: Mapping[str, str] = MappingProxyType(
    {gate.op: _OLDER.get(gate.name, gate.name) for gate in GATES.values()}
)
"""AQO's operation → the gate's name in OpenQASM 2."""

_RESERVED = """
OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else end return for while in switch
case default pragma input output const readonly mutable qreg qubit creg bool bit int uint float angle complex array
void duration stretch gphase inv pow ctrl negctrl dim durationof delay reset measure barrier true false im nop
U CX pi tau euler sin cos tan arcsin arccos arctan ceiling exp floor log mod popcount rotl rotr sqrt sizeof real imag
phase cphase u1 u2 u3 c q
"""

RESERVED_NAMES = frozenset(_RESERVED.split()) | frozenset(GATES)
"""Names that a parameter cannot have in an exported text."""
