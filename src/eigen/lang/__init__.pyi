"""The names of Eigen-Lang with their types. Angles are radians; a gate on a register acts on each of its qubits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, overload

_F = TypeVar("_F", bound=Callable[..., Any])
_Basis = Literal["X", "Y", "Z"] | str

class Qubit:
    """A qubit of the program."""

class Bit:
    """A measured bit: `if bit:` runs a block under it, `if a != b or bits < 3:` likewise."""

    def __eq__(self, other: object) -> bool: ...
    def __ne__(self, other: object) -> bool: ...
    def __lt__(self, other: Bit | int) -> bool: ...
    def __le__(self, other: Bit | int) -> bool: ...
    def __gt__(self, other: Bit | int) -> bool: ...
    def __ge__(self, other: Bit | int) -> bool: ...

class QubitRegister(Sequence[Qubit]):
    """`QubitRegister(n)` allocates n qubits."""

    def __init__(self, size: int) -> None: ...
    @property
    def size(self) -> int: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Qubit]: ...
    @overload
    def __getitem__(self, index: int) -> Qubit: ...
    @overload
    def __getitem__(self, index: slice) -> QubitRegister: ...

class ClassicalRegister(Sequence[Bit]):
    """`ClassicalRegister(n)` allocates n classical bits."""

    def __init__(self, size: int) -> None: ...
    @property
    def size(self) -> int: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Bit]: ...
    @overload
    def __getitem__(self, index: int) -> Bit: ...
    @overload
    def __getitem__(self, index: slice) -> ClassicalRegister: ...
    def __eq__(self, other: object) -> bool: ...
    def __ne__(self, other: object) -> bool: ...
    def __lt__(self, other: Sequence[Bit] | int) -> bool: ...
    def __le__(self, other: Sequence[Bit] | int) -> bool: ...
    def __gt__(self, other: Sequence[Bit] | int) -> bool: ...
    def __ge__(self, other: Sequence[Bit] | int) -> bool: ...

Param: TypeAlias = float
"""A free parameter: stays symbolic in the circuit; its value is given by the inputs, else by its default.

To type checkers it is the number that it will be, so that `theta: Param = 0.1` and `2 * theta + 0.5` are what they look
like; `Param("theta", 0.1)` in a program's body is right too, but they do not know it.
"""

def ParamVector(name: str, size: int, default: float = ...) -> list[float]:
    """Declare the free parameters `name_0`, `name_1`, …, all with one default, as a list."""

class Observable:
    """A real sum of Pauli products, such as `0.5 * Z(0) * Z(1) - 1.2 * X(0) + 0.3`.

    From a text or a dict of Pauli strings, whose leftmost letter is for the highest qubit; `Observable(Z=0, X=1)` is
    the sum of Z on qubit 0 and X on qubit 1.
    """

    def __init__(self, terms: str | Mapping[str, float] | Observable = ..., **letters: Qubit | int) -> None: ...
    def __add__(self, other: Observable | float) -> Observable: ...
    def __radd__(self, other: float) -> Observable: ...
    def __sub__(self, other: Observable | float) -> Observable: ...
    def __rsub__(self, other: float) -> Observable: ...
    def __mul__(self, other: Observable | float) -> Observable: ...
    def __rmul__(self, other: float) -> Observable: ...
    def __truediv__(self, other: float) -> Observable: ...
    def __neg__(self) -> Observable: ...
    def __pos__(self) -> Observable: ...

@overload
def ExpectationValue(observable: Observable | float, *, precision: float = ...) -> _Expectation:
    """Ask for the expectation value of an observable in the final state.

    With a precision it is sampled, as often as keeps its standard error within that in any state.
    """

@overload
def ExpectationValue(name: str, observable: Observable | float, *, precision: float = ...) -> _Expectation:
    """Ask for the expectation value under a name of its own."""

class _Expectation:
    """An expectation value, known once the program has run: return it, or minimise it."""

class _Minimum:
    """What `minimize` gives, known once the program has run: return it, or parts of it."""

    @property
    def fun(self) -> float: ...
    @property
    def x(self) -> Mapping[str, float]: ...
    @property
    def method(self) -> str: ...
    @property
    def nfev(self) -> int: ...
    @property
    def metadata(self) -> Mapping[str, Any]: ...

_Angle = float
_Method = Literal["COBYLA", "NELDER-MEAD", "COBYQA", "POWELL", "L-BFGS-B", "SLSQP", "SPSA", "ADAM"]
_Qubits = Qubit | int | Sequence[Qubit] | Sequence[int]
_Bits = Bit | int | Sequence[Bit] | Sequence[int]

@overload
def hybrid_program(function: _F, /) -> _F:
    """Mark the function to run."""

@overload
def hybrid_program(
    *,
    target: str = ...,
    shots: int = ...,
    optimization_level: int = ...,
    seed: int = ...,
    noise_model: str = ...,
    compiler: str = ...,
    metadata: Mapping[str, str] = ...,
) -> Callable[[_F], _F]:
    """Mark the function to run, with defaults for its job."""

def measure(*qubits: _Qubits, c: _Bits = ..., basis: _Basis = ...) -> Any:
    """Measure into the next free classical bits, or into `c`; return the bit, or the list of bits."""

def measure_all(*, basis: _Basis = ...) -> list[Bit]:
    """Measure every qubit into the next free classical bits."""

def reset(*qubits: _Qubits) -> None:
    """Bring qubits to |0⟩."""

def barrier(*qubits: _Qubits) -> None:
    """Keep operations on these qubits, or on all, from moving across."""

def X(qubit: Qubit | int) -> Observable:
    """Pauli X on one qubit, as an observable."""

def Y(qubit: Qubit | int) -> Observable:
    """Pauli Y on one qubit, as an observable."""

def Z(qubit: Qubit | int) -> Observable:
    """Pauli Z on one qubit, as an observable."""

def I(qubit: Qubit | int) -> Observable:
    """Identity on one qubit, as an observable."""

def minimize(
    objective: _Expectation,
    x0: Sequence[float] | Mapping[str, float],
    *,
    method: _Method | str = ...,
    max_iters: int = ...,
    max_evals: int = ...,
    tol: float = ...,
    seed: int = ...,
    bounds: Sequence[Sequence[float]] | Mapping[str, Sequence[float]] = ...,
    restarts: int = ...,
) -> _Minimum:
    """Declare the loop that varies the free parameters until an expectation value is least.

    `x0` and `bounds` are in order of declaration of the parameters, or dicts by name; further starts are drawn within
    the bounds, or within ±π.
    """

def id(qubit: _Qubits, /) -> None:
    """Identity."""

def x(qubit: _Qubits, /) -> None:
    """Pauli X (NOT)."""

def y(qubit: _Qubits, /) -> None:
    """Pauli Y."""

def z(qubit: _Qubits, /) -> None:
    """Pauli Z."""

def h(qubit: _Qubits, /) -> None:
    """Hadamard."""

def s(qubit: _Qubits, /) -> None:
    """Square root of Z."""

def sdg(qubit: _Qubits, /) -> None:
    """Inverse of s."""

def t(qubit: _Qubits, /) -> None:
    """Fourth root of Z."""

def tdg(qubit: _Qubits, /) -> None:
    """Inverse of t."""

def sx(qubit: _Qubits, /) -> None:
    """Square root of X."""

def sxdg(qubit: _Qubits, /) -> None:
    """Inverse of sx."""

def p(qubit: _Qubits, /, lam: _Angle) -> None:
    """Phase of |1⟩ by lam."""

def rx(qubit: _Qubits, /, theta: _Angle) -> None:
    """Rotation about X."""

def ry(qubit: _Qubits, /, theta: _Angle) -> None:
    """Rotation about Y."""

def rz(qubit: _Qubits, /, theta: _Angle) -> None:
    """Rotation about Z."""

def r(qubit: _Qubits, /, theta: _Angle, phi: _Angle) -> None:
    """Rotation by theta about the axis at phi in the XY plane."""

def u(qubit: _Qubits, /, theta: _Angle, phi: _Angle, lam: _Angle) -> None:
    """Any one-qubit gate, by Euler angles."""

def cx(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Controlled X (CNOT)."""

def cy(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Controlled Y."""

def cz(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Controlled Z."""

def ch(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Controlled Hadamard."""

def cs(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Controlled s."""

def csdg(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Controlled sdg."""

def csx(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Controlled sx."""

def cp(qubit0: _Qubits, qubit1: _Qubits, /, lam: _Angle) -> None:
    """Controlled phase."""

def crx(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle) -> None:
    """Controlled rotation about X."""

def cry(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle) -> None:
    """Controlled rotation about Y."""

def crz(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle) -> None:
    """Controlled rotation about Z."""

def cu(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle, phi: _Angle, lam: _Angle, gamma: _Angle) -> None:
    """Controlled u with phase gamma of the control."""

def swap(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Swap of two qubits."""

def iswap(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Swap with a phase i."""

def ecr(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Echoed cross-resonance."""

def rxx(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle) -> None:
    """Rotation about XX."""

def ryy(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle) -> None:
    """Rotation about YY."""

def rzz(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle) -> None:
    """Rotation about ZZ."""

def rzx(qubit0: _Qubits, qubit1: _Qubits, /, theta: _Angle) -> None:
    """Rotation about ZX, Z on the first qubit."""

def ccx(qubit0: _Qubits, qubit1: _Qubits, qubit2: _Qubits, /) -> None:
    """X with two controls (Toffoli)."""

def ccz(qubit0: _Qubits, qubit1: _Qubits, qubit2: _Qubits, /) -> None:
    """Z with two controls."""

def cswap(qubit0: _Qubits, qubit1: _Qubits, qubit2: _Qubits, /) -> None:
    """Swap with a control (Fredkin)."""

def cnot(qubit0: _Qubits, qubit1: _Qubits, /) -> None:
    """Another name of cx."""

def toffoli(qubit0: _Qubits, qubit1: _Qubits, qubit2: _Qubits, /) -> None:
    """Another name of ccx."""
