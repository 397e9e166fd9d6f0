"""`eigen trace` and `eigen explain`: the waterfall, the trace as data, the story in sentences."""

from __future__ import annotations

import json


def test_a_job_is_drawn_span_below_span(done_shell):
    done = done_shell.run("trace", "@last")
    lines = done.stdout.splitlines()
    names = [
        line.split("  ")[0] if not line.startswith(" ") else line[: len(line) - len(line.lstrip())] + line.split()[0]
        for line in lines
    ]
    assert done.stderr.startswith("trace ")
    assert names[:2] == ["span", "api.submit_job"]
    assert {"  kernel.compile", "    compiler.compile", "      compiler.parse"} <= set(names)
    assert {"  kernel.execute", "    driver.execute", "      worker.run"} <= set(names)
    assert all(line.isascii() for line in lines)


def test_a_trace_is_data_in_json_and_in_otlp(done_shell, tmp_path):
    shown = done_shell.json("trace", "@last")
    assert shown["trace_id"] == done_shell.json("status", "@last")["trace_id"]
    out = tmp_path / "trace.json"
    assert done_shell.run("trace", "@last", "--otlp", str(out)).returncode == 0
    (written,) = json.loads(out.read_text())["resourceSpans"][0]["scopeSpans"]
    assert [one["spanId"] for one in written["spans"]] == [one["span_id"] for one in shown["spans"]]
    again = done_shell.run("trace", "@last", "--otlp", str(out))
    assert again.returncode == 2
    assert "exists" in again.stderr


def test_events_do_not_repeat_the_spans_in_their_table(done_shell):
    assert "spans=" not in done_shell.run("events", "@last").stdout


def test_a_job_is_explained_in_sentences_and_in_findings(done_shell):
    lines = done_shell.run("explain", "@last").stdout.splitlines()
    assert "is DONE" in lines[0]
    assert {line.split()[0] for line in lines} >= {"end", "device", "cache", "time"}
    assert [one["topic"] for one in done_shell.json("explain", "@last")] == [line.split()[0] for line in lines]
