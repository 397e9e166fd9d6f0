"""Hostile job files get a typed answer, soon, and open nothing outside of their folder."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from eigen.contracts.errors import EigenError, InvalidArgumentError, NotFoundError, ResourceExhaustedError
from eigen.jobfile.loader import read_job

_MAX_SEC = 10.0  # a second is promised, and measured by `python -m fuzz`; a machine may be slow, what hangs is slower
_SECRET = "sesame-secret"

HEAD = "apiVersion: eigen.os/v0.1\nkind: QuantumJob\nmetadata: {name: a}\n"
INLINE = HEAD + "spec: {program: x}\n"
JOBS: dict[str, tuple[str | bytes, str]] = {
    "aliases": ("a: &a [x]\nb: *a\n" + HEAD, "JOBSPEC_ALIAS"),
    "alias to itself": (HEAD + "spec: &a {inputs: *a}\n", "JOBSPEC_ALIAS"),
    "merge key": (HEAD + "spec: {<<: {shots: 1}}\n", "JOBSPEC_MERGE_KEY"),
    "tag of an object": (HEAD + "spec: !!python/object/apply:os.system ['id']\n", "JOBSPEC_TAG"),
    "tag of a map": (HEAD + "spec: !!map {shots: 1}\n", "JOBSPEC_TAG"),
    "custom tag directive": ("%TAG ! tag:x,2000:\n---\n" + HEAD, "JOBSPEC_MISSING"),
    "brackets": (HEAD + "spec: " + "[" * 400000, "JOBSPEC_DEPTH"),
    "braces": (HEAD + "spec: " + "{a: " * 200000, "JOBSPEC_DEPTH"),
    "indentation": (HEAD + "spec:\n" + "".join(" " * (i + 1) + "a:\n" for i in range(1000)), "JOBSPEC_DEPTH"),
    "sequences": (HEAD + "spec: \n" + "- " * 200000 + "a", "JOBSPEC_DEPTH"),
    "question marks": (HEAD + "? " * 200000, "JOBSPEC_KEY"),
    "a key of a megabyte": ("a" * 1000000 + ": 1\n" + HEAD, "JOBSPEC_YAML"),
    "a quoted key of lines": (HEAD + '"' + "a\n\n" * 200000 + '": 1\n', "JOBSPEC_YAML"),
    "comments": ("# a\n" * 250000 + HEAD, "JOBSPEC_MISSING"),
    "documents": ("---\n" * 100000 + HEAD, "JOBSPEC_DOCUMENTS"),
    "unclosed quote": (HEAD + 'spec: {program: "' + "a" * 900000, "JOBSPEC_YAML"),
    "shots of an octal": (HEAD + "spec: {shots: 010}\n", "JOBSPEC_TYPE"),
    "shots of a sexagesimal": (HEAD + "spec: {shots: 1:00:00}\n", "JOBSPEC_TYPE"),
    "shots of yes": (HEAD + "spec: {shots: yes}\n", "JOBSPEC_TYPE"),
    "shots of infinity": (HEAD + "spec: {shots: .inf}\n", "JOBSPEC_NOT_FINITE"),
    "shots of ten million digits": (HEAD + "spec: {shots: " + "9" * 900000 + "}\n", "JOBSPEC_INTEGER"),
    "seed of minus one": (HEAD + "spec: {seed: -1}\n", "JOBSPEC_VALUE"),
    "timeout of nan": (HEAD + "spec: {timeout_sec: .nan}\n", "JOBSPEC_NOT_FINITE"),
    "timeout of zero": (HEAD + "spec: {timeout_sec: 0}\n", "JOBSPEC_VALUE"),
    "timeout of 1e400": (HEAD + "spec: {timeout_sec: 1e400}\n", "JOBSPEC_NOT_FINITE"),
    "priority of a text": (HEAD + "spec: {priority: '50'}\n", "JOBSPEC_TYPE"),
    "target with a path": (HEAD + "spec: {target: '../../etc/passwd'}\n", "JOBSPEC_TARGET"),
    "target with a command": (HEAD + "spec: {target: 'sim:local; id'}\n", "JOBSPEC_TARGET"),
    "target of a megabyte": (HEAD + "spec: {target: 'sim:" + "a" * 900000 + "'}\n", "JOBSPEC_TARGET"),
    "a label of a list": (INLINE.replace("{name: a}", "{name: a, labels: {a: [b]}}"), "JOBSPEC_TYPE"),
    "labels by the thousand": (
        INLINE.replace("{name: a}", "{name: a, labels: {" + ", ".join(f"a{i}: b" for i in range(30000)) + "}}"),
        "JOBSPEC_NODES",
    ),
    "name of dots": (INLINE.replace("name: a", "name: '..'"), "JOBSPEC_NAME"),
    "name of nul": (INLINE.replace("name: a", 'name: "a\\0"'), "JOBSPEC_NAME"),
    "name of full-width letters": (INLINE.replace("name: a", "name: \uff41"), "JOBSPEC_NAME"),
    "name of 64": (INLINE.replace("name: a", "name: " + "a" * 64), "JOBSPEC_NAME"),
    "dependency with a path": (HEAD + "spec: {dependencies: ['../job_1']}\n", "JOBSPEC_VALUE"),
    "program and path": (HEAD + "spec: {program: 'x', program_path: a.py}\n", "JOBSPEC_PROGRAM_TWICE"),
    "program path of a proc file": (HEAD + "spec: {program_path: /proc/self/environ}\n", "JOBSPEC_PROGRAM_PATH"),
    "inputs nested": (HEAD + "spec: {inputs: {a: " + "[" * 200 + "]" * 200 + "}}\n", "JOBSPEC_DEPTH"),
    "a sweep of other lengths": (HEAD + "spec: {sweep: {a: [1], b: [1,2]}}\n", "JOBSPEC_SWEEP"),
    "options of an object": (HEAD + "spec: {driver_options: {a: {b: {c: {d: {e: 1}}}}}}\n", "JOBSPEC_TYPE"),
    "sha of a path": (HEAD + "spec: {program_sha256: '../../a'}\n", "JOBSPEC_VALUE"),
    "language of python": (HEAD + "spec: {language: python}\n", "JOBSPEC_LANGUAGE"),
    "entrypoint of code": (HEAD + "spec: {entrypoint: 'main();id'}\n", "JOBSPEC_VALUE"),
    "UTF-16": (HEAD.encode("utf-16"), "JOBSPEC_ENCODING"),
    "Latin-1": (HEAD.encode() + b"# \xe9\n", "JOBSPEC_ENCODING"),
    "overlong": (HEAD.encode() + b"# \xc0\xaf\n", "JOBSPEC_ENCODING"),
    "a nul": (HEAD.encode() + b"\0", "JOBSPEC_YAML"),
    "next line": (HEAD.replace("\n", "\u0085"), "JOBSPEC_MISSING"),
    "a bidi name": (INLINE.replace("name: a", 'name: "a\u202eb"'), "JOBSPEC_NAME"),
}


PATHS = [
    "../secret.eigen.py", "./../secret.eigen.py", "inner/../../secret.eigen.py", "link.eigen.py",
    "inner/up/secret.eigen.py", "http://x/a.py", "~root/a.py", "..\\secret.eigen.py", "$HOME/a.py", "inner", ".", "",
    "/etc/passwd", "//etc/passwd", "inner/\u202e.py", "a" * 5000, "a/" * 2000 + "a.py", "nul\0.py", "fifo.eigen.py",
    "program.eigen.py/", "*.py",
]  # fmt: skip


@pytest.mark.parametrize("what", JOBS)
def test_a_hostile_job_file_is_refused_by_its_rule(what: str, tmp_path: Path) -> None:
    text, reason = JOBS[what]
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    before = time.process_time()
    with pytest.raises((InvalidArgumentError, ResourceExhaustedError)) as caught:
        read_job(content, filename="job.yaml", folder=tmp_path)
    assert time.process_time() - before < _MAX_SEC
    assert caught.value.reason == reason
    assert len(json.dumps(caught.value.to_json())) < 40_000


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_a_program_path_leads_nowhere_else(path: str, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "secret.eigen.py").write_text(_SECRET)
    (folder / "link.eigen.py").symlink_to("../secret.eigen.py")
    (folder / "inner" / "up").symlink_to("../..")
    content = f"{HEAD}spec: {{program_path: {json.dumps(path)}}}\n".encode()
    with pytest.raises((InvalidArgumentError, NotFoundError, ResourceExhaustedError)) as caught:
        read_job(content, filename="job.yaml", folder=folder)
    told = json.dumps(caught.value.to_json())
    assert _SECRET not in told
    assert str(tmp_path) not in told


@pytest.mark.parametrize("name", ["labels", "annotations"])
@pytest.mark.parametrize("value", ["\x1b[2J", "a\nb", "\u202e", "\0"])
def test_what_cannot_be_shown_is_kept_or_refused_but_never_breaks(name: str, value: str, tmp_path: Path) -> None:
    text = INLINE.replace("{name: a}", f"{{name: a, {name}: {{a: {json.dumps(value)}}}}}")
    try:
        job = read_job(text.encode(), filename="job.yaml", folder=tmp_path)
    except EigenError as error:
        assert value not in error.message
    else:
        assert getattr(job.spec.metadata, name) == {"a": value}
