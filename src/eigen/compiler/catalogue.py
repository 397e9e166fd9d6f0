"""Every fault that the compiler can find in a program: stable codes, what is wrong, what to write instead.

What lives here: the table. What must never: a decision. Codes are never renumbered or used again for something else,
since scripts test them (`error.reason`) and the reference documentation is drawn from this table. Groups: EL00xx text,
EL01xx syntax, EL02xx names, EL03xx values, EL04xx quantum operations, EL05xx limits, EL07xx suspicious.

A message or hint is a template of `str.format`; its fields are facts that the pass gives, made printable before.
"""

from __future__ import annotations

from eigen.compiler.fault import FaultKind
from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError

__all__ = ["Fault"]

_WRONG = InvalidArgumentError
_LIMIT = ResourceExhaustedError


class Fault(FaultKind):
    """One kind of fault of an Eigen-Lang program: codes are `EL` and four digits."""

    # fmt: off
    # EL00xx: the text
    NOT_UTF8 = ("EL0001", _WRONG, "the program is not UTF-8 at byte {offset}", "save the file as UTF-8")
    CONTROL_CHARACTER = (
        "EL0002", _WRONG, "control or invisible character {character}", "delete it; only line feeds and tabs are taken")
    CODING_COOKIE = (
        "EL0003", _WRONG, "the comment asks for the encoding {encoding}", "programs are UTF-8; delete the comment")
    NON_ASCII = (
        "EL0004", _WRONG, "{characters} outside strings and comments",
        "names and operators are ASCII, so that no letter can pass for another")
    UNCLOSED_STRING = ("EL0005", _WRONG, "this string is not closed", "add the closing {quote}")
    STRING_PREFIX = (
        "EL0006", _WRONG, "strings with the prefix {prefix} are not in the language",
        "write a plain string; texts cannot be formatted at compile time")
    STRING_ESCAPE = ("EL0007", _WRONG, "{escape} is not an escape sequence", "double the backslash: \\{escape}")
    NUMBER_NAME = ("EL0008", _WRONG, "the number {number} runs into a name", "put a blank between them")
    MIXED_BRACKETS = ("EL0009", _WRONG, "{found} does not close {opened}", "close the bracket that was opened last")
    # EL01xx: syntax
    SYNTAX = ("EL0101", _WRONG, "this is not Python syntax: {problem}", "correct the line, or the one before it")
    NOT_IN_LANGUAGE = ("EL0102", _WRONG, "{construct} are not in the language", "{instead}")
    TOP_LEVEL = (
        "EL0103", _WRONG, "a {construct} cannot stand outside functions",
        "only imports, constants and functions stand there; put it into the program's function")
    NO_EFFECT = ("EL0104", _WRONG, "this expression has no effect", "{instead}")
    METHOD_CALL = ("EL0105", _WRONG, 'values have no methods, so "{name}" cannot be called', "{instead}")
    UNKNOWN_ATTRIBUTE = ("EL0106", _WRONG, 'there is no attribute "{name}"', "{instead}")
    DUNDER = ("EL0107", _WRONG, "{name}: names with two leading underscores are reserved", "use another name")
    NESTED_FUNCTION = (
        "EL0108", _WRONG, "the function {name} stands inside another one",
        "move it to the top level and give it what it needs as arguments")
    ARGUMENT_KIND = ("EL0109", _WRONG, "{construct} are not in the language", "name each argument of the function")
    LITERAL = ("EL0110", _WRONG, "{construct} are not in the language", "{instead}")
    CALL_TARGET = ("EL0111", _WRONG, "only a function's name can be called, not a value", "write name(…)")
    NO_PROGRAM = (
        "EL0112", _WRONG, "no function is decorated with @hybrid_program",
        "write @hybrid_program above the function to run")
    TWO_PROGRAMS = (
        "EL0113", _WRONG, "a second function is decorated with @hybrid_program",
        "a program has exactly one; {name} is decorated already")
    DECORATOR = ("EL0114", _WRONG, "the only decorator in the language is @hybrid_program", "{instead}")
    OPTION_NAME = ("EL0115", _WRONG, '@hybrid_program has no option "{name}"', "{instead}")
    OPTION_VALUE = ("EL0116", _WRONG, "the option {name} must be {allowed}", "write a literal value")
    OPTION_POSITIONAL = (
        "EL0117", _WRONG, "@hybrid_program takes its options by name", "write target=…, shots=…")
    ENTRYPOINT = (
        "EL0118", _WRONG, "the entry point is {expected}, but the decorated function is {name}",
        "rename the function or correct spec.entrypoint")
    IMPORT = (
        "EL0119", _WRONG, '"{name}" cannot be imported', "only eigen_lang, eigen.lang and math are there{suggestion}")
    STAR_IMPORT = ("EL0120", _WRONG, "* cannot be imported from {name}", "import the names that you use")
    MISPLACED_KEYWORD = ("EL0121", _WRONG, "{keyword} stands outside a {around}", "move it or delete it")
    ASSIGNMENT_TARGET = (
        "EL0122", _WRONG, "{construct} cannot be assigned to", "assign to names, or to an element of a list or dict")
    DUPLICATE_FUNCTION = (
        "EL0123", _WRONG, "the function {name} is defined twice", "give each function its own name")
    DUPLICATE_OPTION = ("EL0124", _WRONG, "{name} is given twice", "give it once")
    NOISE_MODEL = ("EL0125", _WRONG, "{what}", "{instead}")
    # EL02xx: names
    UNKNOWN_NAME = ("EL0201", _WRONG, '"{name}" is not defined', "{instead}")
    UNKNOWN_FUNCTION = ("EL0202", _WRONG, 'there is no gate or function "{name}"', "{instead}")
    UNKNOWN_IMPORT = ("EL0203", _WRONG, '{module} has no "{name}"', "{instead}")
    FUNCTION_AS_VALUE = ("EL0204", _WRONG, "{name} is a function and can only be called", "write {name}(…)")
    NOT_A_FUNCTION = (
        "EL0205", _WRONG, "{name} is a variable here and hides the function of that name", "rename the variable")
    TOO_MANY_ARGUMENTS = (
        "EL0206", _WRONG, "{name} takes {expected}, not {given}", "write {signature}")
    MISSING_ARGUMENT = ("EL0207", _WRONG, '{name} lacks its argument "{argument}"', "write {signature}")
    UNKNOWN_ARGUMENT = ("EL0208", _WRONG, '{name} has no argument "{argument}"', "{instead}")
    DOUBLE_ARGUMENT = ("EL0209", _WRONG, "{name} gets its argument {argument} twice", "give it once")
    UNBOUND = ("EL0210", _WRONG, '"{name}" has no value here', "{instead}")
    UNKNOWN_ANNOTATION = ("EL0211", _WRONG, '"{name}" is not a type of the language', "{instead}")
    TOP_LEVEL_CALL = (
        "EL0212", _WRONG, "{name} cannot be called outside functions", "constants are built from plain values only")
    INPUT_ANNOTATION = (
        "EL0213", _WRONG, "an input cannot be a {name}", "inputs are int, float, bool, str, list or Param")
    GATE_VALUE = ("EL0214", _WRONG, "{name} is a gate and gives no value", "{instead}")
    QUBIT_BY_NAME = (
        "EL0215", _WRONG, '{name} takes its qubits by position, and has no argument "{argument}"', "write {signature}")
    # EL03xx: values
    OPERAND_TYPES = ("EL0301", _WRONG, "{operator} cannot be applied to {left} and {right}", "{instead}")
    OPERAND_TYPE = ("EL0302", _WRONG, "{operator} cannot be applied to {operand}", "{instead}")
    ARITHMETIC = ("EL0303", _WRONG, "{operation} cannot be computed: {problem}", "check the values")
    NOT_FINITE = ("EL0304", _WRONG, "{operation} is not a finite number", "check the values")
    NOT_ITERABLE = ("EL0305", _WRONG, "{value} cannot be iterated over", "use a range, list, tuple, dict or register")
    NOT_INDEXABLE = ("EL0306", _WRONG, "{value} has no elements", "index lists, tuples, dicts, texts and registers")
    INDEX_TYPE = ("EL0307", _WRONG, "an index must be an integer, not {value}", "use a whole number")
    INDEX_RANGE = ("EL0308", _WRONG, "index {index} is out of range: {value} has {size}", "{instead}")
    UNKNOWN_KEY = ("EL0309", _WRONG, "the dict has no key {key}", "{instead}")
    KEY_TYPE = ("EL0310", _WRONG, "{value} cannot be a key", "use numbers or texts as keys")
    UNPACK = ("EL0311", _WRONG, "{given} cannot be unpacked into {names}", "give as many names as there are elements")
    ASSERTION = (
        "EL0312", _WRONG, "assertion failed{message}", "give inputs for which it holds, or correct the assertion")
    ARGUMENT_TYPE = ("EL0313", _WRONG, "{name} takes {expected}, not {value}", "{instead}")
    SYMBOLIC = (
        "EL0314", _WRONG, "{what} needs a value, but {value} has none while the program is compiled",
        "annotate it as float to have a fixed input, or use it only in + - * / of angles")
    NOT_AFFINE = (
        "EL0315", _WRONG, "{operator} of free parameters is not linear in them",
        "an angle is a sum of parameters, each times a plain number, and of plain numbers")
    MEASURED = (
        "EL0316", _WRONG, "{what} needs a value, but {value} is known only when the program runs",
        "{instead}")
    READ_ONLY = ("EL0317", _WRONG, "elements of {value} cannot be assigned", "{instead}")
    MISSING_INPUT = (
        "EL0318", _WRONG, 'the input "{name}" has no value',
        "give it under spec.inputs, as --input {name}=…, or a default")
    UNKNOWN_INPUT = ("EL0319", _WRONG, 'the program has no input "{name}"', "{instead}")
    INPUT_TYPE = (
        "EL0320", _WRONG, 'the input "{name}" must be {expected}, not {value}', "correct the input or the annotation")
    NOT_COMPARABLE = ("EL0321", _WRONG, "{left} and {right} cannot be ordered", "compare numbers with numbers")
    RETURN_VALUE = ("EL0322", _WRONG, "{value} cannot be returned by the program", "{instead}")
    RETURN_KEYS = ("EL0323", _WRONG, "{key} cannot name an output", "outputs are named by non-empty texts")
    EMPTY = ("EL0324", _WRONG, "{name} of nothing", "make sure that there is at least one element")
    ZERO_STEP = ("EL0325", _WRONG, "the step of {what} is zero", "use a step other than 0")
    NO_TRUTH = ("EL0326", _WRONG, "{value} is neither true nor false", "{instead}")
    QUBIT_COMPARED = (
        "EL0327", _WRONG, "{qubit} cannot be compared with {value}",
        "measure it, and compare the bit: if measure(q[0]) == 1:")
    # EL04xx: quantum operations
    QUBIT_EXPECTED = ("EL0401", _WRONG, "{gate} takes {expected}, not {value}", "{instead}")
    ANGLE_EXPECTED = (
        "EL0402", _WRONG, "the angle {name} of {gate} must be a number or a parameter, not {value}", "{instead}")
    QUBIT_FIRST = (
        "EL0403", _WRONG, "{gate} takes its qubits first and then its angles", "write {signature}")
    DUPLICATE_QUBIT = ("EL0404", _WRONG, "{gate} gets qubit {qubit} twice", "the qubits of one operation must differ")
    QUBIT_RANGE = (
        "EL0405", _WRONG, "there is no qubit {index}: the program has {count}",
        "qubits are numbered from 0; the last one of a register is q[-1]")
    BROADCAST = (
        "EL0406", _WRONG, "{gate} cannot pair registers of {sizes} qubits",
        "give registers of one size, or single qubits")
    REGISTER_SIZE = (
        "EL0407", _WRONG, "the size of a register must be a whole number from 1, not {value}",
        "write a number, or an input that is annotated as int")
    NO_QUBITS = ("EL0408", _WRONG, "the program has no quantum operation", "apply a gate or measure a qubit")
    MEASURE_ALL_EARLY = (
        "EL0409", _WRONG, "qubit {index} is first used after measure_all()",
        "declare all qubits first: QubitRegister(n)")
    BIT_EXPECTED = (
        "EL0410", _WRONG, "c= takes bits, a register or a list of them, not {value}", "use a ClassicalRegister")
    BIT_COUNT = ("EL0411", _WRONG, "{qubits} cannot be measured into {bits}", "give one bit for each qubit")
    DUPLICATE_BIT = ("EL0412", _WRONG, "bit {bit} is given twice", "the bits of one measurement must differ")
    BASIS = ("EL0413", _WRONG, 'basis must be "X", "Y" or "Z", not {value}', "{instead}")
    PARAMETER_NAME = (
        "EL0414", _WRONG, "{value} cannot name a parameter",
        "use a text of letters, digits and underscores, at most 64")
    PARAMETER_DEFAULT = (
        "EL0415", _WRONG, "the default of parameter {name} must be a finite number, not {value}",
        "write a number, or leave the default out and give a value under spec.inputs")
    PARAMETER_TWICE = (
        "EL0416", _WRONG, "the parameter {name} is declared with two defaults", "declare it once and pass it on")
    CONDITION_FORM = (
        "EL0417", _WRONG, "this condition on measured bits cannot be compiled: {problem}",
        "compare bits with a whole number or with as many bits, and join conditions by and, or, not")
    CONDITION_VALUE = (
        "EL0418", _WRONG, "{bits} never hold {value}", "compare with a number from 0 to {largest}")
    PARAMETER_COUNT = (
        "EL0419", _WRONG, "a vector of parameters has a whole number of them, 1 or more, not {value}",
        'write ParamVector("theta", 4)')
    CONDITION_NEVER = ("EL0420", _WRONG, "this branch can never run: the conditions around it exclude it", "delete it")
    CONDITION_REBIND = (
        "EL0421", _WRONG, '"{name}" cannot get a new value under a measured condition',
        "its value would be known only when the program runs; use a name of its own inside the branch")
    CONDITION_LEAVE = (
        "EL0422", _WRONG, "{keyword} cannot leave a branch under a measured condition",
        "what comes after would depend on the measurement; restructure the branch")
    CONDITION_BIT = (
        "EL0423", _WRONG, "bit {bit} is measured again inside the branch that depends on it",
        "measure into another bit")
    CONDITION_MUTATE = (
        "EL0425", _WRONG, "a list or dict cannot be changed under a measured condition",
        "build a new one before the branch")
    BIT_RANGE = (
        "EL0426", _WRONG, "there is no classical bit {index}: the program has {count}", "bits are numbered from 0")
    CONDITION_EFFECT = (
        "EL0427", _WRONG, "the right side of {operator} acts on the circuit, whatever its left side holds",
        "act in front of the condition, or write one if inside of the other")
    NO_QUBITS_YET = (
        "EL0428", _WRONG, "{name} acts on all qubits, and there are none yet",
        "declare them first: q = QubitRegister(n)")
    PAULI_QUBIT = ("EL0430", _WRONG, "{pauli} acts on one qubit, not on {value}", "{instead}")
    PAULI_TEXT = ("EL0431", _WRONG, "{text} is not a sum of Pauli strings: {problem}", 'write "0.18 XX - 1.05 II"')
    PAULI_SIZES = (
        "EL0432", _WRONG, "{first} and {second} have different lengths, so that their letters are for different qubits",
        "fill up with I: the leftmost letter is the highest qubit's")
    OBSERVABLE_SOURCE = ("EL0433", _WRONG, "{value} is not an observable", "{instead}")
    IMAGINARY = (
        "EL0434", _WRONG, "the observable has the imaginary coefficient {coefficient} at {term}",
        "an observable is Hermitian: products of different Paulis on one qubit need a partner, such as X*Y + Y*X")
    COEFFICIENT = (
        "EL0435", _WRONG, "the coefficient of {term} must be a finite number, not {value}", "write a plain number")
    EXPECTATION_NAME = ("EL0436", _WRONG, "{value} cannot name an expectation value", "{instead}")
    EXPECTATION_TWICE = (
        "EL0437", _WRONG, 'there is an expectation value "{name}" already', "give each one a name of its own")
    AFTER_EXPECTATION = (
        "EL0438", _WRONG, "nothing can be done to the qubits after ExpectationValue",
        "an expectation value is that of the final state; move ExpectationValue behind the last operation")
    CONDITION_DECLARATION = (
        "EL0439", _WRONG, "{name} cannot stand under a measured condition",
        "it belongs to the whole circuit; move it out of the branch")
    OBJECTIVE = ("EL0440", _WRONG, "minimize takes an ExpectationValue first, not {value}", "{instead}")
    START_SHAPE = ("EL0441", _WRONG, "x0 has {given}, but the program has {expected}", "{instead}")
    START_NAME = ("EL0442", _WRONG, 'x0 names "{name}", which is no parameter of the program', "{instead}")
    START_VALUE = ("EL0443", _WRONG, "the start value of {name} must be a finite number, not {value}", "{instead}")
    METHOD = ("EL0444", _WRONG, "there is no optimizer {value}", "{instead}")
    LOOP_OPTION = ("EL0445", _WRONG, "{name} must be {allowed}, not {value}", "leave it out for the method's default")
    TWO_LOOPS = (
        "EL0446", _WRONG, "the program has two calls of minimize", "a job runs one loop; submit a job for each")
    NO_PARAMETERS = (
        "EL0447", _WRONG, "minimize has nothing to vary: the program has no free parameter",
        "annotate an argument of the program as Param, as in `def main(theta: Param = 0.1):`")
    LATE_PARAMETER = (
        "EL0448", _WRONG, "the parameter {name} is declared after minimize", "declare all parameters before it")
    PRECISION = (
        "EL0449", _WRONG, "precision must be a number above 0, not {value}",
        "write the standard error that is wanted, as in ExpectationValue(H, precision=0.01); or leave it out")
    BOUNDS = ("EL0450", _WRONG, "the bounds {problem}", "{instead}")
    # EL05xx: limits
    SOURCE_SIZE = ("EL0501", _LIMIT, "the program has {size} bytes; at most {limit} are taken", "use loops and helpers")
    LINE_LENGTH = ("EL0502", _LIMIT, "the line has {size} characters; at most {limit} are taken", "break it up")
    NAME_LENGTH = ("EL0503", _LIMIT, "the name has {size} characters; at most {limit} are taken", "use a shorter name")
    LITERAL_LENGTH = (
        "EL0504", _LIMIT, "the literal has {size} characters; at most {limit} are taken", "use a shorter one")
    BRACKET_DEPTH = ("EL0505", _LIMIT, "brackets nest deeper than {limit}", "use names for the inner parts")
    OPERATOR_CHAIN = ("EL0506", _LIMIT, "more than {limit} operators in one expression", "use names for the parts")
    DOTTED_NAME = ("EL0507", _LIMIT, "a name has more than {limit} parts", "use a shorter one")
    DECORATORS = ("EL0508", _LIMIT, "more than {limit} decorators", "a program has one: @hybrid_program")
    SYNTAX_DEPTH = (
        "EL0509", _LIMIT, "the program nests deeper than {limit} levels", "use names and helpers for the inner parts")
    SYNTAX_NODES = ("EL0510", _LIMIT, "the program has more than {limit} syntax elements", "use loops and helpers")
    OPERATIONS = ("EL0511", _LIMIT, "the program emits more than {limit} operations", "run fewer or shorter loops")
    STEPS = ("EL0512", _LIMIT, "the program takes more than {limit} evaluation steps", "check that every loop ends")
    INTEGER_BITS = ("EL0513", _LIMIT, "{operation} has more than {limit} bits", "use smaller integers, or floats")
    SEQUENCE_ITEMS = ("EL0514", _LIMIT, "{what} has more than {limit} elements", "use a shorter one")
    PARAMETERS = ("EL0515", _LIMIT, "the program declares more than {limit} parameters", "use fewer")
    QUBITS = ("EL0516", _LIMIT, "the program uses more than {limit} {what}", "use fewer")
    CALL_DEPTH = ("EL0517", _LIMIT, "calls nest deeper than {limit}", "check that the recursion ends, or use a loop")
    NESTING = ("EL0518", _LIMIT, "iterations nest deeper than {limit}", "make a list of the inner one: list(…)")
    TERMS = (
        "EL0519", _LIMIT, "{what} has more than {limit} Pauli terms", "split the observable, or drop its small terms")
    CONDITION_CASES = (
        "EL0520", _LIMIT, "{problem}", "{instead}")
    # EL07xx: suspicious, but allowed
    HIDDEN_NAME = ("EL0701", _WRONG, "the function {name} hides the built-in {name}", "rename it if that is not wanted")
    UNUSED_REGISTER = (
        "EL0702", _WRONG, "nothing is measured into bits {bits} of a ClassicalRegister, which stay 0",
        "write measure(…, c=…)")
    UNUSED = ("EL0703", _WRONG, "{what} {name} is never used", "use it, delete it, or begin its name with _")
    UNREACHABLE = (
        "EL0704", _WRONG, "this can never run: the {keyword} above always leaves", "delete it, or move it up")
    REPLACED = ("EL0706", _WRONG, "the value of {name} is replaced before it is used", "delete this line")
    DOUBLE_KEY = (
        "EL0707", _WRONG, "the key {key} is given twice, and the dict has the last value", "give each key once")
    UNCALLED = ("EL0705", _WRONG, "the function {name} is never called", "call it, delete it, or begin its name with _")
    # fmt: on
