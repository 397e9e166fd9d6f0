"""IBM's service without a network: jobs are files of a folder, their states are played, and Aer runs the circuits.

What another process submitted is there, as at the real service, so that a crash between submission and counts can be
rehearsed. Options: `folder`, and `states`, what each look at a job sees, the last one from then on; a state may be an
exception's text, which is raised instead (`!text`). `token` is only there to be told in such a text by mistake. A file
`machine` in the folder says how the machine is, `{"operational": b, "pending_jobs": n, "message": text, "seed": n}`;
its seed decides the figures that are measured of it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eigen.drivers.ibm.gateway import Entry, Gateway, RemoteState

__all__ = ["RehearsedGateway"]


class RehearsedGateway(Gateway):
    """A service that is a folder.

    Args:
        path: Nothing.
        options: See the module's header.
        backend_name: Nothing; the machine is five qubits, each coupled to each, without noise.
    """

    def __init__(self, path: str, options: Mapping[str, Any], backend_name: str) -> None:
        self._folder = Path(options["folder"])
        self._states: list[str] = options["states"]
        self._token = str(options.get("token", ""))
        self._seed = self._machine()["seed"]

    @property
    def backend(self) -> Any:
        """Five qubits."""
        from qiskit.providers.fake_provider import GenericBackendV2

        return GenericBackendV2(5, noise_info=self._seed > 1, seed=self._seed)

    def renew(self) -> None:
        """Look at the machine again."""
        self._seed = self._machine()["seed"]

    def status(self) -> tuple[bool, int, str]:
        """Look how the machine is."""
        machine = self._machine()
        if machine["message"].startswith("!"):
            raise ConnectionError(f"{machine['message'][1:]} {self._token}")
        return machine["operational"], machine["pending_jobs"], machine["message"]

    def find(self, tag: str) -> str | None:
        """Look for a job's file by its tag."""
        found = [path.stem for path in self._folder.glob("*.json") if json.loads(path.read_text())["tag"] == tag]
        return found[0] if found else None

    def submit(self, entries: Sequence[Entry], *, tag: str, seed: int) -> str:
        """Run the circuits and keep their counts."""
        job_id = uuid.uuid4().hex
        backend = self.backend
        counts = [
            backend.run(one.circuit, shots=one.shots, seed_simulator=seed).result().get_counts() for one in entries
        ]
        self._write(job_id, {"tag": tag, "counts": counts, "looks": 0, "is_cancelled": False})
        return job_id

    def state(self, job_id: str) -> tuple[RemoteState, str]:
        """Play the next state."""
        job = self._read(job_id)
        self._write(job_id, {**job, "looks": job["looks"] + 1})
        played = self._states[min(job["looks"], len(self._states) - 1)]
        if played.startswith("!"):
            raise ConnectionError(f"{played[1:]} {self._token}")
        return (RemoteState.CANCELLED if job["is_cancelled"] else RemoteState(played)), f"out of order {self._token}"

    def counts(self, job_id: str) -> list[Mapping[str, int]]:
        """Return what was kept."""
        counts: list[Mapping[str, int]] = self._read(job_id)["counts"]
        return counts

    def usage_sec(self, job_id: str) -> float:
        """Return one second."""
        return 1.0

    def cancel(self, job_id: str) -> None:
        """Note it."""
        self._write(job_id, {**self._read(job_id), "is_cancelled": True})

    def _machine(self) -> dict[str, Any]:
        path = self._folder / "machine"
        told = json.loads(path.read_text()) if path.exists() else {}
        return {"operational": True, "pending_jobs": 0, "message": "active", "seed": 1, **told}

    def _read(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = json.loads((self._folder / f"{job_id}.json").read_text())
        return job

    def _write(self, job_id: str, job: Mapping[str, Any]) -> None:
        draft = self._folder / f"{job_id}.draft"
        draft.write_text(json.dumps(job))
        draft.replace(self._folder / f"{job_id}.json")
