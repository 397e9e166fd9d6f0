"""AQO's JSON: one canonical form, and a reader that takes hand-written documents and names every fault."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts import aqo_json
from eigen.contracts.aqo import AQO, Affine, Condition, Operation, PauliTerm
from eigen.contracts.aqo_json import decode, encode, format_angle, parse_angle
from eigen.contracts.aqo_rules import OPS
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import EigenError, InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.gates import GATES

ATTACKS = Path(__file__).parent / "attacks"

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
coefficients = st.floats(allow_nan=False, allow_infinity=False).filter(bool)


def angles(parameters: tuple[str, ...]) -> st.SearchStrategy[int | float | Affine]:
    if not parameters:
        return numbers
    chosen = st.dictionaries(st.sampled_from(parameters), coefficients, min_size=1, max_size=3)
    return numbers | st.builds(lambda terms, constant: Affine(tuple(sorted(terms.items())), constant), chosen, numbers)


@st.composite
def operations(draw: st.DrawFn, qubits: int, clbits: int, parameters: tuple[str, ...]) -> Operation:
    op = draw(st.sampled_from(sorted(name for name, rule in OPS.items() if rule.num_qubits <= qubits)))
    most = min(qubits, clbits) if op == "MEASURE" else qubits
    size = OPS[op].num_qubits or draw(st.integers(1, max(1, most)))
    q = tuple(draw(st.permutations(range(qubits)))[:size])
    c = tuple(draw(st.permutations(range(clbits)))[:size]) if op == "MEASURE" else ()
    params = tuple(draw(angles(parameters)) for _ in OPS[op].angles)
    condition = None
    if draw(st.booleans()):
        bits = tuple(draw(st.permutations(range(clbits)))[: draw(st.integers(1, clbits))])
        condition = Condition(bits, draw(st.integers(0, 2 ** len(bits) - 1)))
    return Operation(op, q, params, c, condition, draw(st.sampled_from(["", "X", "Y"])) if op == "MEASURE" else "")


@st.composite
def circuits(draw: st.DrawFn) -> AQO:
    qubits, clbits = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    parameters = tuple(draw(st.lists(names, unique=True, max_size=3)))
    term = st.lists(st.integers(0, qubits - 1), unique=True).flatmap(
        lambda where: st.builds(
            PauliTerm, st.text("XYZ", min_size=len(where), max_size=len(where)), st.just(tuple(where)), numbers
        )
    )
    return AQO(
        qubits=qubits,
        clbits=clbits,
        parameters=parameters,
        operations=tuple(draw(st.lists(operations(qubits, clbits, parameters), max_size=8))),
        observables=draw(
            st.dictionaries(st.text(min_size=1, max_size=5).filter(_is_unicode), st.lists(term).map(tuple), max_size=2)
        ),
    )


def _is_unicode(text: str) -> bool:
    return not any(0xD800 <= ord(one) <= 0xDFFF for one in text)


def faults(document: object, **options: object) -> list[tuple[str, str]]:
    """The faults of a document as (code, path)."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(EigenError) as caught:
        decode(content, **options)
    assert caught.value.reason == caught.value.diagnostics[0].code
    assert all(one.hint for one in caught.value.diagnostics)
    return [(one.code, one.path) for one in caught.value.diagnostics]


def document(*ops: object, **fields: object) -> dict[str, object]:
    return {"version": "0.1", "qubits": 2, "operations": list(ops), **fields}


def rx(theta: object) -> dict[str, object]:
    return {"op": "RX", "q": [0], "params": {"theta": theta}}


ANGLE = "operations[0].params.theta"
H, M = {"op": "H", "q": [0]}, {"op": "MEASURE", "q": [0, 1], "c": [0, 1]}


@given(circuits())
def test_a_circuit_that_is_written_and_read_is_the_same(circuit: AQO) -> None:
    assert decode(encode(circuit), require_measurement=False) == circuit


@given(circuits())
def test_canonical_bytes_that_are_read_and_written_are_the_same(circuit: AQO) -> None:
    content = encode(circuit)
    assert encode(decode(content, require_measurement=False)) == content


@given(circuits())
def test_what_is_written_is_canonical_as_an_independent_writer_of_rfc_8785_has_it(circuit: AQO) -> None:
    content = encode(circuit)
    assert rfc8785.dumps(json.loads(content, parse_int=float)) == content


@given(circuits(), st.randoms(use_true_random=False))
def test_key_order_and_blanks_of_the_document_make_no_difference(circuit: AQO, random: object) -> None:
    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)  # type: ignore[attr-defined]
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    loose = json.dumps(shuffled(json.loads(encode(circuit))), indent=1).encode()
    assert decode(loose, require_measurement=False) == circuit


@given(circuits(), st.data())
def test_the_quick_reader_and_the_thorough_one_agree_on_every_damaged_document(
    circuit: AQO, data: st.DataObject
) -> None:
    content = bytearray(encode(circuit))
    for _ in range(data.draw(st.integers(0, 3))):
        position = data.draw(st.integers(0, len(content) - 1))
        width = data.draw(st.integers(0, 3))
        content[position : position + width] = data.draw(st.sampled_from([b"", b"}", b"{", b",", b'"', b"0", b"},{"]))
    limits = CompileLimits()
    quick = aqo_json._read_plain(bytes(content), limits)
    try:
        thorough = aqo_json._read_any(bytes(content), limits)
    except EigenError:
        assert quick is None
    else:
        assert quick in (None, thorough)


@given(circuits(), st.data())
def test_blanks_are_only_left_out_where_that_does_not_change_the_document(circuit: AQO, data: st.DataObject) -> None:
    text = json.dumps(json.loads(encode(circuit)), indent=data.draw(st.sampled_from([None, 0, 2])))
    for _ in range(data.draw(st.integers(0, 3))):
        position = data.draw(st.integers(0, len(text)))
        text = text[:position] + data.draw(st.sampled_from([" ", "\n", "\t", '"', "\\", "\x0b", "1"])) + text[position:]
    compacted = aqo_json._compact(text.encode())
    try:
        expected = json.loads(text)
    except json.JSONDecodeError:
        with pytest.raises(json.JSONDecodeError):
            json.loads(compacted)
    else:
        assert compacted == b"" or json.loads(compacted) == expected


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_of_any_kind_are_a_circuit_or_a_typed_error(content: bytes) -> None:
    try:
        decode(content)
    except EigenError as error:
        assert error.message


def test_defaults_are_left_out_and_keys_sorted() -> None:
    circuit = AQO(
        qubits=2,
        clbits=2,
        parameters=("theta",),
        operations=(
            Operation("RY", (0,), (Affine((("theta", 2.0),), 0.5),)),
            Operation("U", (1,), (1.0, 0.5, 1e21)),
            Operation("MEASURE", (0, 1), (), (0, 1), None, "X"),
            Operation("X", (1,), (), (), Condition((0,), 1)),
        ),
        observables={"energy": (PauliTerm("XX", (0, 1), 0.18), PauliTerm("", (), -1.05))},
    )
    assert encode(circuit) == (
        b'{"clbits":2,"observables":{"energy":[["XX",[0,1],0.18],["",[],-1.05]]},"operations":['
        b'{"op":"RY","params":{"theta":"2*theta+0.5"},"q":[0]},'
        b'{"op":"U","params":{"lam":1e+21,"phi":0.5,"theta":1},"q":[1]},'
        b'{"basis":"X","c":[0,1],"op":"MEASURE","q":[0,1]},'
        b'{"if":{"c":[0],"eq":1},"op":"X","q":[1]}],"parameters":["theta"],"qubits":2,"version":"0.1"}'
    )


def test_the_seeds_example_is_read_with_its_defaults_filled_in() -> None:
    circuit = decode(
        b"""{
          "version": "0.1",
          "qubits": 4,
          "operations": [
            {"op": "RY", "q": [0], "params": {"theta": "p0"}},
            {"op": "CX", "q": [0, 1]},
            {"op": "MEASURE", "q": [0, 1], "c": [0, 1]}
          ]
        }"""
    )
    assert circuit == AQO(
        qubits=4,
        clbits=2,
        parameters=("p0",),
        operations=(
            Operation("RY", (0,), (Affine((("p0", 1.0),)),)),
            Operation("CX", (0, 1)),
            Operation("MEASURE", (0, 1), c=(0, 1)),
        ),
    )


@pytest.mark.parametrize("indent", [None, 1])
def test_parameters_default_to_the_names_used_in_order_of_first_appearance(indent: int | None) -> None:
    params = ["z", "b+a", "z-c", "1"]
    text = json.dumps(document(*(rx(one) for one in params), M), indent=indent)
    compact = text if indent else text.replace(": ", ":").replace(", ", ",")
    assert decode(compact.encode()).parameters == ("z", "a", "b", "c")


def test_the_computational_basis_may_be_written_out_and_identity_letters_are_dropped() -> None:
    circuit = decode(json.dumps(document({**M, "basis": "Z"}, observables={"e": [["ZI", [1, 0], 2]]})).encode())
    assert circuit.operations[0].basis == ""
    assert circuit.observables == {"e": (PauliTerm("Z", (1,), 2),)}


def test_a_circuit_that_measures_nothing_is_refused_unless_it_has_observables_or_may() -> None:
    assert faults(document(H)) == [("AQO_NOTHING_MEASURED", "operations")]
    assert decode(json.dumps(document(H)).encode(), require_measurement=False).clbits == 0
    assert decode(json.dumps(document(H, observables={"e": [["Z", [0], 1]]})).encode()).observables


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ([], [("AQO_TYPE", "")]),
        ({}, [("AQO_VERSION", "version"), ("AQO_MISSING_FIELD", "qubits"), ("AQO_MISSING_FIELD", "operations")]),
        (document(M, version=0.1), [("AQO_VERSION", "version")]),
        (document(M, version="0.2"), [("AQO_VERSION", "version")]),
        (document(M, qubits=True), [("AQO_TYPE", "qubits")]),
        (document(M, qubits=2.0), [("AQO_TYPE", "qubits")]),
        (document(M, qubits=0), [("AQO_QUBITS", "qubits")]),
        (document(M, clbits=-1), [("AQO_CLBITS", "clbits")]),
        (document(M, clbits=1), [("AQO_INDEX", "operations[0].c[1]")]),
        (document(M, qbits=2), [("AQO_UNKNOWN_FIELD", "qbits")]),
        (document(M, operations={}), [("AQO_TYPE", "operations")]),
        (document(M, parameters="theta"), [("AQO_TYPE", "parameters")]),
        (document(M, parameters=["a", 1]), [("AQO_TYPE", "parameters[1]")]),
        (document(M, parameters=["a", "a"]), [("AQO_DUPLICATE_PARAMETER", "parameters[1]")]),
        (document(M, parameters=["2a"]), [("AQO_PARAMETER_NAME", "parameters[0]")]),
        (document("H", M), [("AQO_TYPE", "operations[0]")]),
        (document({"q": [0]}, M), [("AQO_MISSING_FIELD", "operations[0].op")]),
        (document({"op": ["H"], "q": [0]}, M), [("AQO_TYPE", "operations[0].op")]),
        (document({"op": "h", "q": [0]}, M), [("AQO_UNKNOWN_OP", "operations[0].op")]),
        (document({"op": "H"}, M), [("AQO_MISSING_FIELD", "operations[0].q")]),
        (document({"op": "H", "q": 0}, M), [("AQO_TYPE", "operations[0].q")]),
        (document({"op": "H", "q": [True]}, M), [("AQO_TYPE", "operations[0].q[0]")]),
        (document({"op": "H", "q": [0.0]}, M), [("AQO_TYPE", "operations[0].q[0]")]),
        (document({"op": "H", "q": [-1]}, M), [("AQO_INDEX", "operations[0].q[0]")]),
        (document({"op": "H", "q": [0, 1]}, M), [("AQO_ARITY", "operations[0].q")]),
        (document({"op": "BARRIER", "q": []}, M), [("AQO_ARITY", "operations[0].q")]),
        (document({"op": "H", "q": [0], "c": [0]}, M), [("AQO_UNKNOWN_FIELD", "operations[0].c")]),
        (document({**H, "params": {"theta": 1}}, M), [("AQO_UNKNOWN_FIELD", ANGLE)]),
        (document({"op": "RX", "q": [0]}, M), [("AQO_MISSING_FIELD", "operations[0].params.theta")]),
        (document({"op": "RX", "q": [0], "params": [1]}, M), [("AQO_TYPE", "operations[0].params")]),
        (document(rx(True), M), [("AQO_TYPE", ANGLE)]),
        (document(rx(None), M), [("AQO_TYPE", ANGLE)]),
        (document(rx("a*b"), M), [("AQO_ANGLE", ANGLE)]),
        (document(rx("1e400"), M), [("AQO_NOT_FINITE", ANGLE)]),
        (document(M, qubits=10**20), [("AQO_TYPE", "qubits")]),
        (document({"op": "MEASURE", "q": [0]}), [("AQO_MISSING_FIELD", "operations[0].c")]),
        (document({"op": "MEASURE", "q": [0, 1], "c": [0]}), [("AQO_ARITY", "operations[0].c")]),
        (document({"op": "MEASURE", "q": [0, 1], "c": [0, 0]}), [("AQO_DUPLICATE_CLBIT", "operations[0].c[1]")]),
        (document({**M, "basis": "W"}), [("AQO_BASIS", "operations[0].basis")]),
        (document({**M, "basis": 1}), [("AQO_BASIS", "operations[0].basis")]),
        (document(M, {**H, "if": 1}), [("AQO_TYPE", "operations[1].if")]),
        (document(M, {**H, "if": {"c": [0]}}), [("AQO_MISSING_FIELD", "operations[1].if.eq")]),
        (document(M, {**H, "if": {"c": [0], "eq": True}}), [("AQO_TYPE", "operations[1].if.eq")]),
        (document(M, {**H, "if": {"c": [0], "eq": 2}}), [("AQO_CONDITION", "operations[1].if.eq")]),
        (document(M, {**H, "if": {"c": [2], "eq": 1}}), [("AQO_INDEX", "operations[1].if.c[0]")]),
        (document(M, {**H, "if": {"c": [0], "eq": 1, "ne": 1}}), [("AQO_UNKNOWN_FIELD", "operations[1].if.ne")]),
        (document(M, observables=[]), [("AQO_TYPE", "observables")]),
        (document(M, observables={"": []}), [("AQO_OBSERVABLE", "observables.")]),
        (document(M, observables={"e": 1}), [("AQO_TYPE", "observables.e")]),
        (document(M, observables={"e": [["Z", [0]]]}), [("AQO_OBSERVABLE", "observables.e[0]")]),
        (document(M, observables={"e": [["Q", [0], 1]]}), [("AQO_OBSERVABLE", "observables.e[0][0]")]),
        (document(M, observables={"e": [["ZZ", [0], 1]]}), [("AQO_OBSERVABLE", "observables.e[0][0]")]),
        (document(M, observables={"e": [["Z", [2], 1]]}), [("AQO_INDEX", "observables.e[0].q[0]")]),
        (document(M, observables={"e": [["Z", [0], True]]}), [("AQO_OBSERVABLE", "observables.e[0][2]")]),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_code_and_path(broken: object, expected: list[tuple[str, str]]) -> None:
    assert faults(broken) == expected


def test_all_faults_are_told_at_once_and_no_more_than_twenty() -> None:
    assert faults(document({"op": "HH", "q": [0]}, {"op": "CX", "q": [0, 7]}, M)) == [
        ("AQO_UNKNOWN_OP", "operations[0].op"),
        ("AQO_INDEX", "operations[1].q[1]"),
    ]
    assert len(faults(document(*[{"op": "H", "q": [9]}] * 1000))) == 20


def test_a_misspelt_name_gets_the_nearest_known_one() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        decode(json.dumps(document({"op": "MEASUR", "q": [0], "c": [0]}, clbit=2)).encode())
    assert [one.hint for one in caught.value.diagnostics] == ['did you mean "clbits"?', 'did you mean "MEASURE"?']


def test_an_undeclared_parameter_is_refused_where_parameters_are_declared() -> None:
    assert faults(document(rx("thet"), M, parameters=["theta"])) == [("AQO_UNKNOWN_PARAMETER", ANGLE)]


@pytest.mark.parametrize(
    ("limits", "text", "code"),
    [
        (CompileLimits(qubits=1), document(M), "AQO_QUBITS_LIMIT"),
        (CompileLimits(operations=2), document(H, H, M), "AQO_OPERATIONS_LIMIT"),
        (CompileLimits(), document(M, clbits=10**9), "AQO_CLBITS_LIMIT"),
        (CompileLimits(parameters=1), document(M, parameters=["a", "b"]), "AQO_PARAMETERS_LIMIT"),
        (
            CompileLimits(parameters=1),
            document(rx("a+b"), M),
            "AQO_PARAMETERS_LIMIT",
        ),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_limit_that_is_passed_is_another_kind_of_error(
    limits: CompileLimits, text: object, code: str, separators: tuple[str, str]
) -> None:
    with pytest.raises(ResourceExhaustedError) as caught:
        decode(json.dumps(text, separators=separators).encode(), limits=limits)
    assert caught.value.reason == code


def test_a_document_of_millions_of_lists_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ResourceExhaustedError, match="lists and objects"):
        decode(b'{"operations":[' + b"[]," * 9_000_000 + b"[]]}")


@pytest.mark.parametrize(
    "text",
    [
        '{"operations":[{"op":"RX","q":[0],"params":{"theta":1},{"op":"MEASURE","q":[0],"c":[0]}],"qubits":1,"version":"0.1"}',
        '{"operations":[{"op":"X","q":[0]},{"c":[0],"op":"MEASURE","q":[0]},{}],"qubits":1,"version":"0.1"',
        '{"operations":[{"op":"X","q":[0]},{"c":[0],"op":"MEASURE","q":[0]}]],"qubits":1,"version":"0.1"}',
        '{"operations": [{"c": [0], "op": "MEASURE", "q": [0]}], "qubits": 1 2, "version": "0.1"}',
        '{"operations": [{"c": [0], "op": "MEASURE", "q": [0 0]}], "qubits": 1, "version": "0.1"}',
    ],
)
def test_what_only_looks_like_a_document_once_it_is_cut_or_compacted_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        decode(text.encode())
    assert caught.value.reason == "JSON_SYNTAX"


@pytest.mark.parametrize("blank", [b"", b" "])
def test_what_is_not_utf_8_is_refused_wherever_it_stands(blank: bytes) -> None:
    operations = b'"operations":[{"c":[0],"op":"MEASURE","q":[0]}]'
    content = b'{"observables":{"\xff":[]},' + blank + operations + b',"qubits":1,"version":"0.1"}'
    with pytest.raises(InvalidArgumentError) as caught:
        decode(content)
    assert caught.value.reason == "JSON_ENCODING"


def test_a_document_over_64_mib_is_refused() -> None:
    with pytest.raises(ResourceExhaustedError, match="at most 67108864 are taken"):
        decode(b" " * (64 * 1024 * 1024 + 1))


@pytest.mark.parametrize(
    "circuit",
    [
        AQO(qubits=1, clbits=0, operations=(Operation("NOPE", (0,)),)),
        AQO(qubits=1, clbits=0, operations=(Operation("RX", (0,)),)),
        AQO(qubits=1, clbits=0, operations=(Operation("RX", (0,), (math.nan,)),)),
        AQO(qubits=1, clbits=0, operations=(Operation("RX", (0,), (Affine((("a", math.inf),)),)),)),
        AQO(qubits=1, clbits=0, observables={"e": (PauliTerm("", (), math.inf),)}),
        AQO(qubits=1, clbits=0, observables={"\ud800": ()}),
    ],
)
def test_what_has_no_canonical_form_is_not_written(circuit: AQO) -> None:
    with pytest.raises(InvalidArgumentError):
        encode(circuit)


@pytest.mark.parametrize("line", (ATTACKS / "manifest.tsv").read_text("utf-8").splitlines()[1:])
def test_hostile_documents_are_answered_as_their_manifest_says(line: str) -> None:
    filename, _, expected = line.split("\t")
    with pytest.raises(EigenError) as caught:
        decode((ATTACKS / filename).read_bytes())
    assert caught.value.code == expected.split(":")[0]
    for place in ("operations[0].q[0]", "duplicate key", "unknown op"):
        if place in expected:
            told = f"{caught.value.message} {[one.path for one in caught.value.diagnostics]}"
            assert place in told.replace("there is no operation", "unknown op")


@pytest.mark.parametrize(
    ("angle", "text"),
    [
        (Affine((("theta", 2.0),), 0.5), "2*theta+0.5"),
        (Affine((("theta", -1.0),)), "-theta"),
        (Affine((("a", 1.0), ("b", -0.5))), "a-0.5*b"),
        (Affine((("a", 1e-7), ("b", -1e21)), -1.0), "1e-7*a-1e+21*b-1"),
    ],
)
def test_a_symbolic_angle_has_one_spelling(angle: Affine, text: str) -> None:
    assert format_angle(angle) == text
    assert parse_angle(text) == angle


@pytest.mark.parametrize(
    "text", [" + theta * 2+.5", "0.5 + theta + theta", "theta/0.5 + 1 - 0.5", "3*theta-theta+5e-1"]
)
def test_other_spellings_of_an_angle_mean_the_same(text: str) -> None:
    assert parse_angle(text) == Affine((("theta", 2.0),), 0.5)


def test_an_angle_whose_parameters_cancel_is_a_number() -> None:
    assert parse_angle("a - a + 1.5") == 1.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "a b",
        "2a",
        "a*b",
        "a**2",
        "2*3",
        "a--b",
        "a+",
        "f(a)",
        "a.b",
        "1/a",
        "0x1",
        "1_0",
        "a/0",
        "é",
        "٣",
    ],
)
def test_what_is_not_a_sum_of_terms_is_no_angle(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_angle(text)
    assert caught.value.reason == "AQO_ANGLE"


@pytest.mark.parametrize("text", ["1e999", "1e999*a", "1e308*a+1e308*a", "a/1e-320"])
def test_an_angle_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_angle(text)
    assert caught.value.reason == "AQO_NOT_FINITE"


def test_an_angle_beyond_the_exact_integers_is_the_nearest_double() -> None:
    circuit = decode(json.dumps(document(rx(10**20 + 1), M)).encode())
    assert circuit.operations[0].params == (1e20,)
    assert b'"theta":100000000000000000000}' in encode(circuit)


def test_every_gate_is_an_operation() -> None:
    assert {gate.op for gate in GATES.values()} | {"MEASURE", "RESET", "BARRIER"} == set(OPS)


def test_an_unknown_field_without_a_name_has_a_path_all_the_same() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        decode(b'{"":1,"operations":[{"c":[0],"op":"MEASURE","q":[0]}],"qubits":1,"version":"0.1"}')
    assert [one.path for one in caught.value.diagnostics] == ['""']


def test_a_document_of_several_stretches_is_read_whole() -> None:
    """Every operation differs, and the document is longer than what is cut into pieces at a time."""
    gates = [Operation("RZ", (index % 7,), (index + 0.5,)) for index in range(50_000)]
    circuit = AQO(qubits=7, clbits=1, operations=(*gates, Operation("MEASURE", (0,), c=(0,))))
    document = encode(circuit)
    assert len(document) > 2 * 1024 * 1024
    assert decode(document) == circuit
    assert encode(decode(document)) == document
