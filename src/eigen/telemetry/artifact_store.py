"""`ObservedArtifactStore`: the bytes of artifacts counted; calls that end in trouble logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from eigen.contracts.trace import OK
from eigen.ports.artifact_store import Artifact, ArtifactProblem, ArtifactStore, Opening
from eigen.telemetry.calls import Call, Calls, Instruments

__all__ = ["ObservedArtifactStore"]

_WITH_BYTES = frozenset({"create", "put", "seal", "read"})


class ObservedArtifactStore(ArtifactStore):
    """Passes every call on to another artifact store."""

    def __init__(self, inner: ArtifactStore, instruments: Instruments) -> None:
        self._inner = inner
        self._metrics = instruments.metrics
        self._calls = Calls(instruments, prefix="qfs", service="qfs", count=self._count)

    async def create(self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> None:
        """Pass on, and count the files' bytes."""
        with self._calls("create", job_id=job_id, size_bytes=_size(files)):
            await self._inner.create(job_id, files, facts=facts)

    async def put(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        """Pass on, and count the files' bytes."""
        with self._calls("put", job_id=job_id, name=", ".join(files), size_bytes=_size(files)):
            return await self._inner.put(job_id, files)

    async def seal(
        self, job_id: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any], opening: Opening | None = None
    ) -> None:
        """Pass on, and count the files' bytes."""
        size_bytes = _size(files) + (_size(opening.files) if opening is not None else 0)
        with self._calls("seal", job_id=job_id, size_bytes=size_bytes):
            await self._inner.seal(job_id, files, facts=facts, opening=opening)

    async def reset(self, job_id: str, *, opening: Opening | None = None) -> Mapping[str, Any]:
        """Pass on."""
        with self._calls("reset", job_id=job_id):
            return await self._inner.reset(job_id, opening=opening)

    async def discard(self, job_id: str) -> None:
        """Pass on."""
        with self._calls("discard", job_id=job_id):
            await self._inner.discard(job_id)

    async def read(self, job_id: str, name: str) -> bytes:
        """Pass on, and count the file's bytes."""
        with self._calls("read", job_id=job_id, name=name) as call:
            content = await self._inner.read(job_id, name)
            call.facts["size_bytes"] = len(content)
            return content

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """Pass on."""
        with self._calls("artifacts", job_id=job_id):
            return await self._inner.artifacts(job_id)

    async def meta(self, job_id: str) -> Mapping[str, Any]:
        """Pass on."""
        with self._calls("meta", job_id=job_id):
            return await self._inner.meta(job_id)

    async def verify(self, job_id: str) -> tuple[ArtifactProblem, ...]:
        """Pass on."""
        with self._calls("verify", job_id=job_id):
            return await self._inner.verify(job_id)

    def journal(self, job_id: str, part: int) -> AbstractAsyncContextManager[int]:
        """Pass on; what is written there is not seen from here."""
        return self._inner.journal(job_id, part)

    async def journals(self, job_id: str) -> tuple[bytes, ...]:
        """Pass on."""
        with self._calls("journals", job_id=job_id):
            return await self._inner.journals(job_id)

    async def having(self, name: str, job_ids: Sequence[str]) -> frozenset[str]:
        """Pass on."""
        with self._calls("having", name=name):
            return await self._inner.having(name, job_ids)

    async def job_ids(self) -> tuple[str, ...]:
        """Pass on."""
        with self._calls("job_ids"):
            return await self._inner.job_ids()

    def _count(self, call: Call) -> None:
        if call.status == OK:
            size_bytes = call.facts["size_bytes"] if call.op in _WITH_BYTES else 0
            self._metrics.qfs_request(call.op, duration_sec=call.duration_sec, num_bytes=size_bytes)


def _size(files: Mapping[str, bytes]) -> int:
    return sum(len(content) for content in files.values())
