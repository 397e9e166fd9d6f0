"""Questions to IBM's service inside a worker process; each is answered at once, waiting is the driver's.

Arguments of `run`: `do`, and where the service is: `gateway`, `path`, `options`, `backend_name`; besides

- `submit`: `tag`, `shots`, `seed`, `bindings`, `optimization_level`. Part: `{"remote_job_id": id}`, with
  `transpilation` where it was not found by its tag.
- `look`: `remote_job_id`. Part: `{"state": s}`, behind the counts of all bindings where it is done
  (`eigen.drivers.simulator.parts`).
- `cancel`: `tag`, or `remote_job_id`. Part: `{"state": "CANCELLED"}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from eigen.contracts.aqo import AQO
from eigen.contracts.aqo_json import decode
from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import EigenError, FailedPreconditionError, InternalError, UnavailableError
from eigen.drivers.ibm.gateway import Gateway, RemoteState
from eigen.drivers.qiskit_backends.credentials import Credentials
from eigen.drivers.simulator.parts import counts_in_parts
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
        self._gateways: dict[bytes, Gateway] = {}
        self._deeds: Mapping[str, Callable[..., Iterator[Mapping[str, Any]]]] = MappingProxyType(
            {"submit": self._submit, "look": self._look, "cancel": self._cancel}
        )

    @classmethod
    def preload(cls) -> None:
        """Import Qiskit and its transpiler; IBM's library is imported by the first question."""
        import eigen.drivers.qiskit_backends.transpilation  # noqa: F401  # for the imports that it makes

    def prepare(self, content: bytes) -> AQO:
        """Read an AQO document."""
        return decode(content)

    def run(self, prepared: AQO, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Answer one question."""
        with self._asking():
            yield from self._deeds[arguments["do"]](prepared, self._gateway(arguments), arguments)

    def _submit(self, circuit: AQO, gateway: Gateway, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        found = gateway.find(arguments["tag"])
        if found is not None:
            yield {"remote_job_id": found}
            return
        transpiled = self._transpiled(circuit, gateway, arguments)
        bound = [transpiled.bound(binding) for binding in arguments["bindings"]]
        remote_job_id = gateway.submit(bound, shots=arguments["shots"], tag=arguments["tag"], seed=arguments["seed"])
        yield {"remote_job_id": remote_job_id, "transpilation": transpiled.facts}

    def _look(self, circuit: AQO, gateway: Gateway, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        remote_job_id = arguments["remote_job_id"]
        state, said = gateway.state(remote_job_id)
        if state is RemoteState.DONE:
            found = gateway.counts(remote_job_id)
            each_sec = gateway.usage_sec(remote_job_id) / len(found)
            for counts in found:
                numbers = {int(bits.replace(" ", ""), 2): int(count) for bits, count in counts.items()}
                yield from counts_in_parts(dict(sorted(numbers.items())), width=circuit.clbits)
                yield {"execution_time_sec": each_sec, "sampling": "shots"}
        if state is RemoteState.ERROR:
            raise InternalError(
                f"the remote job {remote_job_id} failed: {self._credentials.told(RuntimeError(said))}",
                reason="REMOTE_FAILED",
            )
        yield {"state": state}

    def _cancel(self, circuit: AQO, gateway: Gateway, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        remote_job_id = arguments["remote_job_id"] or gateway.find(arguments["tag"])
        if remote_job_id:
            gateway.cancel(remote_job_id)
        yield {"state": RemoteState.CANCELLED}

    def _gateway(self, arguments: Mapping[str, Any]) -> Gateway:
        place = {name: arguments[name] for name in ("gateway", "path", "options", "backend_name")}
        key = canonical_json(place)
        if key not in self._gateways:
            module_name, _, name = place["gateway"].partition(":")
            options = self._credentials.resolved(place["options"])
            self._gateways[key] = getattr(import_module(module_name), name)(
                place["path"], options, place["backend_name"]
            )
        return self._gateways[key]

    def _transpiled(self, circuit: AQO, gateway: Gateway, arguments: Mapping[str, Any]) -> TranspiledCircuit:
        from eigen.drivers.qiskit_backends.backends import transpiling
        from eigen.drivers.qiskit_backends.transpilation import TranspiledCircuit

        with transpiling(self._credentials):
            return TranspiledCircuit.of(
                circuit,
                gateway.backend,
                optimization_level=arguments["optimization_level"],
                seed=arguments["seed"],
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
