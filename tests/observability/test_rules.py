"""The dashboard and the rules: each metric in them is one of ours; Prometheus itself, where it is installed, agrees.

With `EIGEN_PROMETHEUS=1` (Debian: `apt-get install prometheus`) a real Prometheus scrapes a real system, and each
expression must be taken, and each recording rule must find series.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml

import eigen
from eigen.client.packaging import package
from eigen.telemetry.metrics_table import METRICS
from eigen.testing.scripted_driver import ScriptedDriver

FOLDER = Path(__file__).parents[2] / "observability"
PAGE = Path(__file__).parents[2] / "docs" / "observability.md"
BELL = "@hybrid_program(target='scripted:device')\ndef main():\n    q = QubitRegister(2)\n    h(q[0])\n    measure(q)\n"

with_prometheus = pytest.mark.skipif(
    os.environ.get("EIGEN_PROMETHEUS") != "1" or not shutil.which("prometheus") or not shutil.which("promtool"),
    reason="opt-in: EIGEN_PROMETHEUS=1, and prometheus and promtool installed",
)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    for panel in panels():
        if panel["datasource"]["type"] == "prometheus":
            yield from (target["expr"] for target in panel["targets"])


def test_every_metric_that_is_asked_for_is_one_of_ours() -> None:
    suffixes = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
    ours = {spec.name + suffix for spec in METRICS for suffix in suffixes[spec.kind]}
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for expression in expressions():
        plain = re.sub(r'"[^"]*"', "", expression)
        names = set(re.findall(r"\beigen[_:][a-zA-Z0-9_:]+", plain))
        assert names <= ours | recorded, expression


def test_every_metric_of_ours_is_looked_at() -> None:
    asked = " ".join(expressions())
    unseen = {spec.name for spec in METRICS if spec.name not in asked}
    assert unseen == {
        "eigen_kernel_job_state_transitions_total",  # the durations' counts say the same of ends
        "eigen_kernel_live_jobs",  # `eigen metrics` alone has it
    }


def test_every_alert_says_what_is_wrong_and_the_page_says_what_to_do() -> None:
    page = PAGE.read_text()
    alerts = [rule for rule in rules() if "alert" in rule]
    assert alerts
    for rule in alerts:
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert f"`{rule['alert']}`" in page


def test_panels_do_not_lie_on_one_another() -> None:
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels()]
    assert len(set(places)) == len(places)


def configure(folder: Path, port: int | None) -> None:
    """Put our configuration into a folder, for a system on another port, scraped each second."""
    text = (FOLDER / "prometheus.yml").read_text().replace("9464", str(port)).replace("15s", "1s")
    text = text.replace("global:", "global:\n  evaluation_interval: 1s")
    (folder / "prometheus.yml").write_text(text)
    shutil.copy(FOLDER / "rules.yml", folder)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def asked(port: int, expression: str) -> list[Any]:
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{query}", timeout=60) as answer:
        result: list[Any] = json.load(answer)["data"]["result"]
        return result


@with_prometheus
def test_promtool_takes_the_rules_and_the_configuration() -> None:
    done = subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@with_prometheus
async def test_prometheus_answers_every_expression_from_a_live_scrape(tmp_path: Path) -> None:
    async with eigen.open_system(tmp_path / "root", drivers={"scripted": ScriptedDriver()}, metrics_port=0) as system:
        await anyio.to_thread.run_sync(configure, tmp_path, system.metrics_port)
        port = free_port()
        prometheus = await anyio.open_process(
            [
                "prometheus",
                "--config.file=prometheus.yml",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            ],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with anyio.fail_after(90):
                await _recorded(system, port)
            for expression in expressions():
                await anyio.to_thread.run_sync(asked, port, expression)  # raises where it is refused
        finally:
            prometheus.terminate()
            await prometheus.wait()


async def _recorded(system: eigen.System, port: int) -> None:
    """Run jobs until every recording rule has found series."""
    without = {
        "eigen:job_errors:ratio5m",
        "eigen:job_failures:rate5m",
        "eigen:worker_kept:ratio5m",
    }  # nothing fails here
    wanted = [rule["record"] for rule in rules() if "record" in rule and rule["record"] not in without]
    while wanted:
        await system.api.submit_job(package(BELL).request)
        await anyio.sleep(1)
        try:
            found = await anyio.to_thread.run_sync(asked, port, wanted[0])
        except OSError:  # it is only starting
            continue
        if found:
            wanted.pop(0)
