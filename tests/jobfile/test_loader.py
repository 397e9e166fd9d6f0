"""Job files load as written, or every fault is told at its place."""

from __future__ import annotations

import hashlib
import os
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.compilation import Language
from eigen.contracts.diagnostics import Severity, render
from eigen.contracts.errors import EigenError, InvalidArgumentError, NotFoundError, ResourceExhaustedError
from eigen.jobfile.loader import LoadedJob, load_job, read_job

ATTACKS = Path(__file__).parent / "attacks"
HEAD = "apiVersion: eigen.os/v0.1\nkind: QuantumJob\nmetadata: {name: bell}\n"
SEED_EXAMPLE = """\
# job.yaml
apiVersion: eigen.os/v0.1
kind: QuantumJob
metadata:
  name: h2-ground-state
spec:
  program: |
    @hybrid_program(target="sim:local", shots=1024)
    def main():
        # ... Eigen-Lang code ...
  target: sim:local
  compiler_options:
    optimization_level: "1"
"""


def read(text: str, folder: Path | None = None) -> LoadedJob:
    return read_job(text.encode(), filename="job.yaml", folder=folder)


def spec(body: str) -> str:
    return f"{HEAD}spec:\n{textwrap.indent(textwrap.dedent(body), '  ')}"


def inline(body: str) -> LoadedJob:
    return read(spec(f"program: x\n{textwrap.dedent(body)}"))


def faults(text: str, folder: Path | None = None) -> list[tuple[str, str]]:
    """The errors of a job file as (code, path)."""
    with pytest.raises(EigenError) as caught:
        read(text, folder)
    found = [one for one in caught.value.diagnostics if one.severity is Severity.ERROR]
    assert caught.value.reason == found[0].code
    return [(one.code, one.path) for one in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.eigen.py").write_text("h(0)\n")
    return tmp_path


def test_the_seeds_job_file_loads() -> None:
    job = read(SEED_EXAMPLE)
    assert job.spec.metadata.name == "h2-ground-state"
    assert (job.spec.spec.target, job.spec.spec.compiler_options.optimization_level) == ("sim:local", 1)
    assert job.source.content == (
        b'@hybrid_program(target="sim:local", shots=1024)\ndef main():\n    # ... Eigen-Lang code ...\n'
    )
    assert job.job_yaml == SEED_EXAMPLE.encode()
    assert job.warnings == ()


def test_every_documented_field_loads(folder: Path) -> None:
    digest = hashlib.sha256(b"h(0)\n").hexdigest()
    job = read(
        f"""
apiVersion: eigen.os/v0.1
kind: QuantumJob
metadata:
  name: h2-ground-state
  labels: {{molecule: h2}}
  annotations: {{note: "a: b"}}
spec:
  program_path: program.eigen.py
  entrypoint: main
  program_sha256: {digest}
  language: eigen-lang
  target: fake:lagos
  shots: 1024
  seed: 7
  inputs: {{theta: 0.3, n: 4, flag: true, xs: [1, 2.5e-3], name: no}}
  sweep: {{product: {{theta: [0.0, 0.1], n: [1]}}}}
  priority: 50
  timeout_sec: 300
  compiler_options: {{optimization_level: 3}}
  driver_options: {{fusion: true, threads: 2}}
  noise_model: depolarizing:0.001
  metadata: {{shots: "5"}}
  dependencies: [job_{"0" * 26}]
""",
        folder,
    )
    body = job.spec.spec
    assert job.warnings == ()
    assert (body.shots, body.seed, body.target, body.timeout_sec) == (1024, 7, "fake:lagos", 300)
    assert body.inputs == {"theta": 0.3, "n": 4, "flag": True, "xs": [1, 0.0025], "name": "no"}
    assert body.sweep == {"product": {"theta": [0.0, 0.1], "n": [1]}}
    assert body.dependencies == (f"job_{'0' * 26}",)
    assert job.source.filename == "program.eigen.py"


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("True", "True"),
        ("true", True),
        ('"true"', "true"),
        ("1:00:00", "1:00:00"),
        ("2024-01-01", "2024-01-01"),
        ("0x1F", "0x1F"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        (".5", ".5"),
        ("~", "~"),
        ("1e3", 1000.0),
        ("-0.5", -0.5),
        ("12", 12),
        ("'12'", "12"),
        ("9007199254740991", 9007199254740991),
        ("[1, [x, true]]", [1, ["x", True]]),
    ],
)
def test_plain_scalars_are_typed_as_json_types_them(scalar: str, value: object) -> None:
    assert inline(f"inputs: {{x: {scalar}}}").spec.spec.inputs == {"x": value}


def test_a_place_in_an_inline_program_is_a_place_in_the_job_file() -> None:
    text = spec("shots: 5\nprogram: |  # inline\n\n    first\n      second\n")
    job = read(text)
    lines = text.splitlines()
    for number, line in enumerate(job.source.content.decode().splitlines()):
        shown = lines[job.source.inline_line - 1 + number]
        assert shown[job.source.inline_indent :] == line
    assert (job.source.inline_line, job.source.inline_indent) == (7, 6)


@pytest.mark.parametrize("program", ['"h(0)\\n"', ">\n  h(0)\n", "h(0)"])
def test_a_program_in_another_style_has_no_place(program: str) -> None:
    assert read(spec(f"program: {program}")).source.inline_line == 0


def test_older_files_give_shots_as_text_in_metadata() -> None:
    assert inline('metadata: {shots: "1024"}').spec.spec.shots == 1024
    assert inline('shots: 5\nmetadata: {shots: "1024"}').spec.spec.shots == 5
    assert faults(spec('program: x\nmetadata: {shots: "many"}')) == [("JOBSPEC_TYPE", "spec.metadata.shots")]
    assert faults(spec('program: x\nmetadata: {shots: "0"}')) == [("JOBSPEC_SHOTS", "spec.metadata.shots")]


def test_files_of_version_1_give_the_program_as_a_mapping(folder: Path) -> None:
    head = HEAD.replace("v0.1", "v1")
    job = read(f"{head}spec:\n  program: {{path: program.eigen.py, entrypoint: main}}\n", folder)
    assert (job.source.content, job.spec.spec.entrypoint) == (b"h(0)\n", "main")
    assert job.spec.api_version == "eigen.os/v0.1"
    job = read(f"{head}spec:\n  program:\n    source: |\n      h(1)\n")
    assert (job.source.content, job.source.inline_line, job.source.inline_indent) == (b"h(1)\n", 7, 6)
    assert faults(f"{head}spec:\n  program: {{path: /etc/passwd, entrypoint: 2}}\n") == [
        ("JOBSPEC_PROGRAM_PATH", "spec.program.path"),
        ("JOBSPEC_TYPE", "spec.program.entrypoint"),
    ]


def test_unknown_keys_are_kept_and_reported_with_the_nearest_known_one() -> None:
    job = read(
        "apiVersion: eigen.os/v0.1\nkind: QuantumJob\nshots: 5\n"
        "metadata: {name: a, lables: {}}\n"
        "spec: {program: x, sots: 1, xyzzy: [1, {a: null}], compiler_options: {optimisation_level: 1}}\n"
    )
    assert [(one.code, one.path, one.severity, one.hint) for one in job.warnings[:-1]] == [
        ("JOBSPEC_UNKNOWN_KEY", "shots", Severity.WARNING, '"shots" belongs under spec'),
        ("JOBSPEC_UNKNOWN_KEY", "metadata.lables", Severity.WARNING, 'did you mean "labels"?'),
        ("JOBSPEC_UNKNOWN_KEY", "spec.sots", Severity.WARNING, 'did you mean "shots"?'),
        ("JOBSPEC_UNKNOWN_KEY", "spec.xyzzy", Severity.WARNING, job.warnings[3].hint),
    ]
    assert job.warnings[-1].path == "spec.compiler_options.optimisation_level"
    assert job.spec.extra == {"shots": 5}
    assert job.spec.metadata.extra == {"lables": {}}
    assert job.spec.spec.extra == {"sots": 1, "xyzzy": [1, {"a": None}]}
    assert job.spec.spec.compiler_options.extra == {"optimisation_level": 1}


def test_a_key_without_a_value_is_as_good_as_left_out() -> None:
    assert inline("inputs:\nseed:\nmetadata:\n").spec.spec.inputs == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n", [("JOBSPEC_TYPE", "")]),
        ("# nothing\n", [("JOBSPEC_EMPTY", "")]),
        ("null\n", [("JOBSPEC_EMPTY", "")]),
        ("a: b", [("JOBSPEC_MISSING", name) for name in ("apiVersion", "kind", "metadata", "spec")]),
        (HEAD.replace("name: bell", "") + "spec: {program: x}", [("JOBSPEC_MISSING", "metadata.name")]),
        (HEAD.replace("QuantumJob", "Pod") + "spec: {program: x}", [("JOBSPEC_KIND", "kind")]),
        (HEAD + "spec: []", [("JOBSPEC_TYPE", "spec")]),
        (spec("program: x\nshots: many\nseed: -1\npriority: 101\ntarget: sim local\nlanguage: basic\n"), [
            ("JOBSPEC_TYPE", "spec.shots"), ("JOBSPEC_VALUE", "spec.seed"), ("JOBSPEC_VALUE", "spec.priority"),
            ("JOBSPEC_TARGET", "spec.target"), ("JOBSPEC_LANGUAGE", "spec.language")]),
        (spec("program: x\ntimeout_sec: soon"), [("JOBSPEC_TYPE", "spec.timeout_sec")]),
        (spec("program: x\ntimeout_sec: 0"), [("JOBSPEC_VALUE", "spec.timeout_sec")]),
        (spec("program: 5"), [("JOBSPEC_TYPE", "spec.program")]),
        (spec("program: x\ninputs: {2n: 1}"), [("JOBSPEC_VALUE", "spec.inputs.2n")]),
        (spec("program: x\ninputs: {n: {a: 1}}"), [("JOBSPEC_VALUE", "spec.inputs.n")]),
        (spec("program: x\nmetadata: {a: 1}"), [("JOBSPEC_TYPE", "spec.metadata.a")]),
        (spec("program: x\ndriver_options: {a: []}"), [("JOBSPEC_TYPE", "spec.driver_options.a")]),
        (spec("program: x\ndependencies: [job_1]"), [("JOBSPEC_VALUE", "spec.dependencies[0]")]),
        (spec("program: x\ncompiler_options: {optimization_level: '9'}"), [
            ("JOBSPEC_VALUE", "spec.compiler_options.optimization_level")]),
        (spec("program: x\nsweep: {a: [1, 2], b: [1]}"), [("JOBSPEC_SWEEP", "spec.sweep")]),
        (spec("program: x\nsweep: {a: 1}"), [("JOBSPEC_SWEEP", "spec.sweep.a")]),
        (spec("program_path: ../x.eigen.py\nshots: x"), [
            ("JOBSPEC_PROGRAM_PATH", "spec.program_path"), ("JOBSPEC_TYPE", "spec.shots")]),
        (spec("program: x\n<<: {a: 1}"), [("JOBSPEC_MERGE_KEY", "spec.?")]),
        (spec("program: x\n? [a]\n: 1"), [("JOBSPEC_KEY", "spec.?")]),
        (spec("program: x\nshots: 1\nshots: 2\nseed: !!int 3"), [
            ("JOBSPEC_DUPLICATE_KEY", "spec.shots"), ("JOBSPEC_TAG", "spec.seed")]),
        (spec("program: x\nshots: 1e999"), [("JOBSPEC_NOT_FINITE", "spec.shots")]),
        (spec("program: x\nseed: 9007199254740992"), [("JOBSPEC_INTEGER", "spec.seed")]),
        (spec("program: x\nname: \"\\ud800\""), [("JOBSPEC_YAML", "spec.name")]),
        ("a: [", [("JOBSPEC_YAML", "")]),
        ("a: \x07", [("JOBSPEC_YAML", "")]),
        ('a: "\\U99999999"', [("JOBSPEC_YAML", "")]),
    ],
)  # fmt: skip
def test_all_faults_are_told_at_once_with_their_codes_and_paths(text: str, expected: list[tuple[str, str]]) -> None:
    assert faults(text) == expected


def test_an_escape_with_an_impossible_number_is_shown_at_its_place() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read('a: 1\nb: "\\U99999999"')
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert span.line == 2


def test_a_fault_is_shown_with_its_line_underlined_what_was_found_and_what_is_allowed() -> None:
    with pytest.raises(ResourceExhaustedError) as caught:
        inline("shots: 0\n")
    assert render(caught.value.diagnostics[0]) == (
        "error[JOBSPEC_SHOTS]: must be at least 1, not 0\n"
        "  --> job.yaml:6:10 (spec.shots)\n"
        "   |\n"
        " 6 |   shots: 0\n"
        "   |          ^\n"
        "  hint: an integer from 1 to 1000000, such as shots: 1024"
    )


@pytest.mark.parametrize(
    "body",
    [
        "token: SECRET\nshots: SECRET",
        "inputs: {key: {password: SECRET}}",
        "metadata: {shots: SECRET}\nannotations: SECRET",
        "shots: [SECRET, 1]  # SECRET",
        "seed: !SECRET x",
        "seed: &SECRET x",
        "seed: *SECRET",
        "driver_options: {token: SECRET, k: [1]}",
        "compiler_options: SECRET",
        "timeout_sec: |\n  SECRET\n  more",
        "'a': SECRET\n'a': SECRET",
        "a: SECRET: x",
        "a: 'SECRET",
        "sweep: SECRET",
        "program_sha256: 5\nlabels: [SECRET, {a: SECRET}]",
    ],
)
def test_a_value_that_may_be_a_secret_is_never_shown(body: str) -> None:
    secret = "sk-live-0123456789abcdef"
    with pytest.raises(EigenError) as caught:
        inline(body.replace("SECRET", secret))
    shown = f"{caught.value.to_json()} {[render(one) for one in caught.value.diagnostics]}"
    assert "sk-live" not in shown


def test_an_error_tells_the_warnings_as_well() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read("apiVersion: eigen.os/v0.1\nkind: QuantumJob\nmetdata: {name: a}\nspec: {program: x}\n")
    assert [(one.severity, one.path) for one in caught.value.diagnostics] == [
        (Severity.ERROR, "metadata"),
        (Severity.WARNING, "metdata"),
    ]


def test_the_error_is_a_limit_only_if_the_first_fault_is() -> None:
    with pytest.raises(ResourceExhaustedError):
        inline("shots: 2000000\nseed: x")
    with pytest.raises(InvalidArgumentError):
        inline("target: 5\nshots: 2000000")


@pytest.mark.parametrize("line", (ATTACKS / "manifest.tsv").read_text("utf-8").splitlines()[1:])
def test_hostile_files_are_answered_as_their_manifest_says_within_a_second(line: str, folder: Path) -> None:
    filename, _, expected = line.split("\t")
    content = (ATTACKS / filename).read_bytes()
    start = time.process_time()
    if expected.startswith('the string "'):
        assert read_job(content, filename=filename, folder=folder).spec.metadata.name == "2024-01-01"
        return
    with pytest.raises(EigenError) as caught:
        read_job(content, filename=filename, folder=folder)
    assert time.process_time() - start < 10  # a machine may be slow; what hangs is slower
    assert caught.value.code == expected.split(":")[0].split(";")[0].split(" ")[0]
    shown = f"{caught.value.to_json()} {[render(one) for one in caught.value.diagnostics]}"
    assert "sk-live" not in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "a: [" + "1.5," * 250_000 + "1]",
        "[" * 500_000,
        "{a: " * 200_000,
        "- " * 400_000,
        "? a\n" * 200_000,
        "a: >\n" + " x\n\n" * 200_000,
        "a: " + "x " * 500_000,
        "\n" * 1_000_000,
        "a: &b c\n" * 100_000,
        "---\n" * 200_000,
    ],
)
def test_the_time_for_a_file_of_the_largest_size_is_bounded(text: str) -> None:
    """PyYAML reads a megabyte in about one second; ten leave room for a busy machine."""
    start = time.process_time()
    with pytest.raises(EigenError):
        read(text)
    assert time.process_time() - start < 10


def test_sixteen_levels_are_taken_and_seventeen_are_not() -> None:
    nested = "[" * 14 + "]" * 14
    assert read(spec(f"program: x\nfuture: {nested}")).warnings[0].path == "spec.future"
    with pytest.raises(ResourceExhaustedError) as caught:
        read(spec(f"program: x\nfuture: [{nested}]"))
    assert caught.value.reason == "JOBSPEC_DEPTH"


def test_a_file_over_one_mebibyte_is_refused() -> None:
    with pytest.raises(ResourceExhaustedError) as caught:
        read("#" * (1024 * 1024 + 1))
    assert caught.value.reason == "JOBFILE_SIZE"


def test_a_byte_order_mark_of_utf_8_is_skipped() -> None:
    assert read("\ufeff" + SEED_EXAMPLE).spec.metadata.name == "h2-ground-state"


YAML_PIECES = (
    "a spec : [ ] { } , | > ' \" \\ &x *x !!set ! ? << # --- ... 0x1F 1e999 .nan null true shots program é ~ @ `"
    " apiVersion metadata name \\ud800 \\U99999999"
)
fragments = st.sampled_from(
    [*YAML_PIECES.split(" "), ": ", "\n", "  ", "- ", "%YAML 1.1\n", "\t", "\r", "\u2028", "\x85", "\ufeff", HEAD]
)


@given(st.lists(fragments, max_size=40).map("".join) | st.text(max_size=80))
def test_text_of_any_kind_is_a_job_or_a_typed_error(text: str) -> None:
    for content in (text, HEAD + "spec:\n  program: x\n" + text, spec(text)):
        try:
            job = read_job(content.encode("utf-8", "surrogatepass"), filename="job.yaml", folder=None)
        except EigenError as error:
            assert error.reason.startswith("JOB")
            for one in error.diagnostics:
                render(one)
        else:
            assert type(job.spec).from_bytes(job.spec.to_bytes()) == job.spec


@given(st.binary(max_size=100))
def test_bytes_of_any_kind_are_a_job_or_a_typed_error(content: bytes) -> None:
    with pytest.raises(EigenError):
        read_job(content, filename="job.yaml", folder=None)


def test_the_program_beside_the_job_file_is_the_default(folder: Path) -> None:
    (folder / "job.yaml").write_text(HEAD + "spec: {}\n")
    job = load_job(folder / "job.yaml")
    assert (job.source.content, job.spec.spec.program_path) == (b"h(0)\n", "program.eigen.py")


def test_a_missing_program_is_told_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        read(HEAD + "spec: {}\n", tmp_path)
    assert caught.value.reason == "JOBFILE_NOT_FOUND"
    assert "spec.program_path" in caught.value.hint
    assert str(tmp_path) not in str(caught.value.to_json())


def test_a_program_in_a_folder_below_is_read(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "bell.aqo.json").write_text("{}")
    job = read(spec("program_path: ./below//bell.aqo.json"), folder)
    assert (job.source.content, job.source.filename, job.source.language) == (b"{}", "bell.aqo.json", Language.AQO)


@pytest.mark.parametrize("path", ["link.eigen.py", "linked/secret.eigen.py", "outside/secret.eigen.py"])
def test_no_part_of_a_programs_path_may_be_a_link(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.eigen.py").write_text("secret")
    (folder / "link.eigen.py").symlink_to(elsewhere / "secret.eigen.py")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "outside").symlink_to(os.path.relpath(elsewhere, folder))
    with pytest.raises(InvalidArgumentError) as caught:
        read(spec(f"program_path: {path}"), folder)
    assert caught.value.reason in {"JOBFILE_LINK", "JOBFILE_NOT_A_FILE"}
    assert "secret\n" not in str(caught.value.to_json())


def test_what_is_no_regular_file_is_no_program(folder: Path) -> None:
    (folder / "below.eigen.py").mkdir()
    os.mkfifo(folder / "pipe.eigen.py")
    for name in ("below.eigen.py", "pipe.eigen.py", "program.eigen.py/x.eigen.py"):
        with pytest.raises(InvalidArgumentError) as caught:
            read(spec(f"program_path: {name}"), folder)
        assert caught.value.reason == "JOBFILE_NOT_A_FILE"


def test_a_program_over_its_limit_is_refused(folder: Path) -> None:
    (folder / "program.eigen.py").write_bytes(b"#" * (256 * 1024 + 1))
    with pytest.raises(ResourceExhaustedError) as caught:
        read(spec("{}"), folder)
    assert (caught.value.reason, caught.value.diagnostics[0].path) == ("JOBFILE_SIZE", "spec.program_path")


def test_a_program_must_have_the_digest_that_the_job_names(folder: Path) -> None:
    wrong = "0" * 64
    with pytest.raises(InvalidArgumentError) as caught:
        read(spec(f"program_sha256: {wrong!r}"), folder)
    assert caught.value.reason == "JOBSPEC_PROGRAM_SHA256"
    assert hashlib.sha256(b"h(0)\n").hexdigest() in caught.value.message


def test_a_program_of_the_command_line_stands_above_the_job_files(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "other.qasm"
    other.write_text("OPENQASM 2.0;\n")
    (folder / "job.yaml").write_text(HEAD + "spec: {program: x}\n")
    job = load_job(folder / "job.yaml", program=other)
    assert (job.source.content, job.source.language) == (b"OPENQASM 2.0;\n", Language.OPENQASM2)
    assert (job.spec.spec.program, job.spec.spec.program_path) == (None, "other.qasm")
    assert job.spec.spec.language is Language.OPENQASM2


def test_a_program_needs_a_folder_unless_it_is_inline() -> None:
    assert faults(spec("{}")) == [("JOBSPEC_NO_PROGRAM", "spec.program_path")]


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("missing.yaml", NotFoundError, "JOBFILE_NOT_FOUND"),
        ("missing/job.yaml", NotFoundError, "JOBFILE_NOT_FOUND"),
        (".", InvalidArgumentError, "JOBFILE_NOT_A_FILE"),
        ("program.eigen.py/job.yaml", InvalidArgumentError, "JOBFILE_NOT_A_FILE"),
        ("a\0b", InvalidArgumentError, "JOBFILE_UNREADABLE"),
        ("x" * 5000, InvalidArgumentError, "JOBFILE_UNREADABLE"),
    ],
)
def test_a_job_file_that_cannot_be_read_is_a_typed_error_with_the_path_as_typed(
    folder: Path, name: str, kind: type[EigenError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        load_job(folder / name)
    assert caught.value.reason == reason
    assert str(folder / name)[:50] in caught.value.message


@pytest.mark.parametrize("text", ["a: [" + "1, " * 19_990 + "1]\n", "spec:\n  - a\n" * 40_000])
def test_a_large_job_file_is_read_or_refused_within_a_second(text: str) -> None:
    """Nothing more is read once as many faults were found as are told."""
    before = time.thread_time()
    with pytest.raises(InvalidArgumentError):
        read(text)
    assert time.thread_time() - before < 2  # twice the promise: other tests share the processor's caches
