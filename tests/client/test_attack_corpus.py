"""Every file of the attack corpus, submitted as a user submits it: a typed answer, what to do, and nothing leaked."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

import eigen
from eigen.cli.app import main
from eigen.contracts.errors import EigenError, ErrorCode

TESTS = Path(__file__).parents[1]
CORPUS = sorted(
    path
    for folder in ("jobfile/attacks", "contracts/attacks", "compiler/attacks", "compiler/openqasm/attacks")
    for path in (TESTS / folder).iterdir()
    if path.suffix != ".tsv"
)
MEASURED_AS_A_WHOLE = "a17_no_measure.aqo.json"
"""Its circuit measures nothing, and so all qubits are."""

FAULTS = {ErrorCode.INVALID_ARGUMENT, ErrorCode.RESOURCE_EXHAUSTED}
SECRETS = ("sk-live", "root:x:", "\x1b", "\u202e", "Traceback", str(TESTS))
COMMANDS = ["y29_deep_flow_25000.job.yaml", "y31_escape_in_name.job.yaml", "y49_secret_in_error.job.yaml",
            "p09_pow_bomb.eigen.py", "q01_include_passwd.qasm", "a05_bigint.aqo.json"]  # fmt: skip


async def test_each_file_is_refused_or_ends_as_its_users_fault(tmp_path: Path) -> None:
    """Of a job file that names a program, only the job file is in the corpus: that one is there as well."""
    (tmp_path / "program.eigen.py").write_text("")
    with anyio.fail_after(300):
        async with eigen.AsyncClient(root=tmp_path / "root") as client:
            for path in CORPUS:
                (tmp_path / path.name).write_bytes(path.read_bytes())
                error = await _failure(client, tmp_path / path.name)
                if path.name == MEASURED_AS_A_WHOLE:
                    assert error is None
                    continue
                assert error is not None, path.name
                assert error.code in FAULTS, (path.name, error)
                assert error.hint, (path.name, error)
                told = f"{error.message}{error.hint}{error.details}{error.diagnostics}"
                assert not [one for one in SECRETS if one in told], path.name
    log = "".join(one.read_text() for one in (tmp_path / "root" / "logs").iterdir())
    assert "sk-live" not in log
    assert "root:x:" not in log


async def _failure(client: eigen.AsyncClient, path: Path) -> EigenError | None:
    try:
        await (await client.submit(path)).results()
    except EigenError as error:
        return error
    return None


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_answers_with_the_users_exit_code_and_one_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EIGEN_HOME", str(tmp_path / "root"))
    path = next(one for one in CORPUS if one.name == name)
    with pytest.raises(SystemExit) as left:
        main(["submit", "--job", str(path), "--watch", "--json"])
    printed, said = capfd.readouterr()
    assert left.value.code == 2
    error = json.loads(said)["error"]
    assert error["code"] in FAULTS
    assert error["hint"]
    assert not [one for one in SECRETS if one in printed + said and one != str(TESTS)]
