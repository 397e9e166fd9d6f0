"""Questions to IBM's service inside a worker process; each is answered at once, waiting is the driver's.

The content is a line of canonical JSON for each circuit. Arguments of `run`: `do`, and where the service is: `gateway`,
`path`, `options`, `backend_name`, and `renewal`, with whose change the machine is asked anew for its calibration;
besides

- `submit`: `tag`, and for each of the `circuits` its `shots`, `seed`, `bindings` and `optimization_level`. Part:
  `{"remote_job_id": id}`, with `transpilations` where it was not found by its tag. A circuit of which no measurement
  ever runs is left out, since its bits stay 0; the id is empty where all are.
- `look`: `remote_job_id`, and for each circuit how many bindings it has, `num_bindings`, and its `shots`. Part:
  `{"state": s}`, behind the counts of all bindings where it is done (`eigen.drivers.simulator.parts`).
- `cancel`: `tag`, or `remote_job_id`. Part: `{"state": "CANCELLED"}`.
- `status`. Part: `{"operational": b, "pending_jobs": n, "message": text}`.
- `calibrate`. Part: `{"properties": facts}`, see `eigen.drivers.qiskit_backends.calibration`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO
from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import EigenError, FailedPreconditionError, InternalError, UnavailableError
from eigen.drivers.ibm.gateway import Entry, Gateway, RemoteState
from eigen.drivers.qiskit_backends.credentials import Credentials
from eigen.drivers.qiskit_backends.sent_circuit import SentCircuit
from eigen.drivers.simulator.parts import result_in_parts
from eigen.workers.engine import Engine

if TYPE_CHECKING:
    from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

__all__ = ["IbmEngine"]

_ACCOUNT_ERRORS = frozenset({"IBMAccountError", "IBMNotAuthorizedError", "AccountsError"})
_LOST_ERRORS = frozenset({"RuntimeJobNotFound", "RuntimeJobNotFoundError"})


class IbmEngine(Engine):
    """Speaks to IBM's service."""

    def __init__(self) -> None:
        self._credentials = Credentials()
        self._gateways: dict[bytes, tuple[int, Gateway]] = {}
        self._deeds: Mapping[str, Callable[..., Iterator[Mapping[str, Any]]]] = MappingProxyType(
            {
                "submit": self._submit,
                "look": self._look,
                "cancel": self._cancel,
                "status": self._status,
                "calibrate": self._calibrate,
            }
        )

    @classmethod
    def preload(cls) -> None:
        """Import Qiskit and its transpiler; IBM's library is imported by the first question."""
        import eigen.drivers.qiskit_backends.transpilation  # noqa: F401  # for the imports that it makes

    def prepare(self, content: bytes) -> tuple[SentCircuit, ...]:
        """Read AQO documents, one in each line that is not empty."""
        return tuple(SentCircuit.of(line) for line in content.split(b"\n") if line)

    def run(self, prepared: tuple[SentCircuit, ...], arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Answer one question."""
        with self._asking():
            yield from self._deeds[arguments["do"]](prepared, self._gateway(arguments), arguments)

    def _submit(
        self, circuits: tuple[SentCircuit, ...], gateway: Gateway, arguments: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        found = gateway.find(arguments["tag"])
        if found is not None:
            yield {"remote_job_id": found}
            return
        entries: list[Entry] = []
        transpilations: list[Mapping[str, Any] | None] = []
        for sent, asked in zip(circuits, arguments["circuits"], strict=True):
            if not sent.is_measured:
                transpilations.append(None)
                continue
            transpiled = self._transpiled(sent.circuit, gateway, asked)
            transpilations.append(transpiled.facts)
            entries += [Entry(transpiled.bound(binding), asked["shots"]) for binding in asked["bindings"]]
        seed = arguments["circuits"][0]["seed"]
        remote_job_id = gateway.submit(entries, tag=arguments["tag"], seed=seed) if entries else ""
        yield {"remote_job_id": remote_job_id, "transpilations": transpilations}

    def _look(
        self, circuits: tuple[SentCircuit, ...], gateway: Gateway, arguments: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        remote_job_id = arguments["remote_job_id"]
        state, said = gateway.state(remote_job_id) if remote_job_id else (RemoteState.DONE, "")
        if state is RemoteState.DONE:
            each = zip(circuits, arguments["num_bindings"], arguments["shots"], strict=True)
            runs = [(sent, shots) for sent, num_bindings, shots in each for _ in range(num_bindings)]
            yield from _counted(gateway, remote_job_id, runs)
        if state is RemoteState.ERROR:
            raise InternalError(
                f"the remote job {remote_job_id} failed: {self._credentials.told(RuntimeError(said))}",
                reason="REMOTE_FAILED",
            )
        yield {"state": state}

    def _cancel(
        self, circuits: tuple[SentCircuit, ...], gateway: Gateway, arguments: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        remote_job_id = arguments["remote_job_id"] or gateway.find(arguments["tag"])
        if remote_job_id:
            gateway.cancel(remote_job_id)
        yield {"state": RemoteState.CANCELLED}

    def _status(
        self, circuits: tuple[SentCircuit, ...], gateway: Gateway, arguments: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        is_operational, pending_jobs, message = gateway.status()
        told = self._credentials.told_text(message)
        yield {"operational": is_operational, "pending_jobs": pending_jobs, "message": told}

    def _calibrate(
        self, circuits: tuple[SentCircuit, ...], gateway: Gateway, arguments: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        from eigen.drivers.qiskit_backends.calibration import calibration_of

        yield {"properties": calibration_of(gateway.backend)}

    def _gateway(self, arguments: Mapping[str, Any]) -> Gateway:
        place = {name: arguments[name] for name in ("gateway", "path", "options", "backend_name")}
        key = canonical_json(place)
        if key not in self._gateways:
            module_name, _, name = place["gateway"].partition(":")
            options = self._credentials.resolved(place["options"])
            made = getattr(import_module(module_name), name)(place["path"], options, place["backend_name"])
            self._gateways[key] = (arguments["renewal"], made)
        renewal, gateway = self._gateways[key]
        if renewal != arguments["renewal"]:
            gateway.renew()
            self._gateways[key] = (arguments["renewal"], gateway)
        return gateway

    def _transpiled(self, circuit: AQO, gateway: Gateway, asked: Mapping[str, Any]) -> TranspiledCircuit:
        from eigen.drivers.qiskit_backends.backends import transpiling
        from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

        with transpiling(self._credentials):
            return TranspiledCircuit.of(
                circuit,
                gateway.backend,
                optimization_level=asked["optimization_level"],
                seed=asked["seed"],
            )

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Translate what goes wrong with the service: its account, a lost job, or the way to it."""
        try:
            yield
        except (EigenError, MemoryError):
            raise
        except BaseException as error:  # noqa: BLE001  # the library and the network raise all kinds
            raise self._translated(error) from None

    def _translated(self, error: BaseException) -> EigenError:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        told = self._credentials.told(error)
        if kinds & _ACCOUNT_ERRORS:
            return FailedPreconditionError(
                f"IBM's service does not know the account: {told}",
                reason="DEVICE_CREDENTIALS",
                hint="set QISKIT_IBM_TOKEN and QISKIT_IBM_INSTANCE where Eigen OS is started",
            )
        if kinds & _LOST_ERRORS:
            return InternalError(f"IBM's service has lost the job: {told}", reason="REMOTE_LOST")
        if isinstance(error, ImportError):
            return FailedPreconditionError(
                f"the package of IBM's service cannot be loaded: {told}",
                reason="DEVICE_BACKEND",
                hint="pip install 'eigen-os[ibm]'",
            )
        return UnavailableError(
            f"IBM's service cannot be asked: {told}", reason="DEVICE_UNREACHABLE", hint="the job may be tried again"
        )


def _counted(
    gateway: Gateway, remote_job_id: str, runs: Sequence[tuple[SentCircuit, int]]
) -> Iterator[Mapping[str, Any]]:
    """Yield the counts of every run of a remote job: of a circuit with one of its bindings, and so many shots."""
    found = gateway.counts(remote_job_id) if remote_job_id else []
    num_sent = sum(sent.is_measured for sent, _ in runs)
    if len(found) != num_sent:
        raise InternalError(f"{len(found)} results came for {num_sent} bindings", reason="ENGINE_BROKE_PROMISE")
    each_sec = gateway.usage_sec(remote_job_id) / len(runs) if remote_job_id else 0.0
    given = iter(found)
    for sent, shots in runs:
        counts = sent.counts(next(given)) if sent.is_measured else {0: shots}
        end = {"execution_time_sec": each_sec, "sampling": "shots"}
        yield from result_in_parts(counts, width=sent.width, end=end)
