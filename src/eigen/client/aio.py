"""The asynchronous client."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread

from eigen.client.arguments import require_kind
from eigen.client.async_job import AsyncJob
from eigen.client.references import find_job

if TYPE_CHECKING:
    from datetime import datetime

    from eigen.client.minimum import Evaluation, Minimum
    from eigen.client.packaging import JobLike, PackagedJob
    from eigen.contracts.compilation import CompiledProgram
    from eigen.contracts.devices import DeviceInfo, Reservation
    from eigen.contracts.jobs import JobStatus
    from eigen.contracts.results import JobResults
    from eigen.ports.drivers import Driver
    from eigen.system.composition import System

__all__ = ["AsyncClient"]


class AsyncClient:
    """A whole embedded system as an asynchronous context manager.

    Args:
        root: The folder that it lives in. None: `EIGEN_HOME`, else the platform's folder for user data.
        drivers: Drivers by name, instead of those that are installed.

    Example:
        >>> import anyio, eigen, tempfile
        >>> bell = '''
        ... @hybrid_program(target="sim:local", shots=100, seed=1)
        ... def main():
        ...     h(0)
        ...     cx(0, 1)
        ... '''
        >>> async def run(root):
        ...     async with eigen.AsyncClient(root=root) as client:
        ...         job = await client.submit(bell)
        ...         return (await job.results()).counts
        >>> with tempfile.TemporaryDirectory() as root:
        ...     sorted(anyio.run(run, root))
        ['00', '11']
    """

    def __init__(
        self, root: str | os.PathLike[str] | None = None, *, drivers: Mapping[str, Driver] | None = None
    ) -> None:
        self._root = root
        self._drivers = drivers
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        from eigen.system.composition import open_system

        self._packaging = anyio.Lock()
        self.system: System = await self._stack.enter_async_context(open_system(self._root, drivers=self._drivers))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)

    async def submit(
        self,
        job: JobLike,
        *,
        program: str | os.PathLike[str] | None = None,
        name: str | None = None,
        group: str | None = None,
        target: str | None = None,
        shots: int | None = None,
        seed: int | None = None,
        priority: int | None = None,
        timeout_sec: float | None = None,
        inputs: Mapping[str, Any] | None = None,
        sweep: Mapping[str, Any] | None = None,
        estimation: str | None = None,
        noise_model: str | None = None,
        idempotency_key: str = "",
    ) -> AsyncJob:
        """Submit a job; on return it is durable.

        Args:
            job: A `job.yaml` or a program file, source text, a `JobSpec`, a circuit as AQO, or a Qiskit circuit.
            program: A program file that stands above the one that the job names.
            name: Stands above `metadata.name`.
            group: The group that the job belongs to, such as the iterations of one loop: the label `eigen.os/group`.
            target: Device; this and the following ones stand above their fields in `spec`.
            shots: Repetitions, 1 to 1,000,000.
            seed: Seed of the sampling, 0 to 2^53 − 1.
            priority: 0 to 100, higher first.
            timeout_sec: Longest time to a result, seconds.
            inputs: Laid over `spec.inputs`, key by key; for a Qiskit circuit by its parameters or their names.
            sweep: Instead of `spec.sweep`: lists of values by parameter, zipped, or `{"product": {…}}`.
            estimation: How expectation values come about: `auto`, `exact` or `sampled`.
            noise_model: Noise to simulate, such as `depolarizing:0.001`.
            idempotency_key: The same key and content give the same job.

        Raises:
            NotFoundError: A file is not there.
            InvalidArgumentError: A file or a value is wrong.
            AlreadyExistsError: The idempotency key was used for another content.
            ResourceExhaustedError: A limit is passed, the queue or the disk is full.
        """
        from eigen.client.packaging import Overrides, is_quick, package

        overrides = Overrides(
            name=name,
            group=group,
            target=target,
            shots=shots,
            seed=seed,
            priority=priority,
            timeout_sec=timeout_sec,
            sweep=sweep,
            estimation=estimation,
            noise_model=noise_model,
            inputs=inputs or {},
        )
        packaged = await self._packaged(
            partial(package, job, program=program, overrides=overrides, idempotency_key=idempotency_key),
            is_quick=program is None and is_quick(job, overrides=overrides),
        )
        status = await self.system.api.submit_job(packaged.request)
        return AsyncJob(self.system.api, status.job_id, warnings=packaged.warnings)

    async def minimize(
        self,
        job: JobLike,
        objective: str | Callable[[JobResults], float],
        x0: Mapping[Any, float] | Sequence[float],
        *,
        method: str = "COBYLA",
        bounds: Mapping[Any, Any] | Sequence[Any] | None = None,
        tol: float | None = None,
        max_iters: int | None = None,
        max_evals: int | None = None,
        group: str | None = None,
        resume: str | None = None,
        callback: Callable[[Evaluation], object] | None = None,
        program: str | os.PathLike[str] | None = None,
        name: str | None = None,
        target: str | None = None,
        shots: int | None = None,
        seed: int | None = None,
        priority: int | None = None,
        timeout_sec: float | None = None,
        inputs: Mapping[str, Any] | None = None,
        estimation: str | None = None,
        noise_model: str | None = None,
    ) -> Minimum:
        """Minimise over a program's parameters; the loop runs here, and each value that it asks for is a job.

        The jobs are one group. What was evaluated stays: the same call with `resume` reads it, and goes on behind it,
        after a cancellation, a crash, or with more evaluations than before.

        Args:
            job: As for `submit`.
            objective: What to minimise: the name of an observable, or of an output that is a number; or a function of a
                job's results, which is called in a thread.
            x0: Where to begin: values by parameter, or a list for all parameters that `inputs` does not fix, in the
                order in which the program declares them.
            method: `COBYLA`, `NELDER-MEAD`, `COBYQA`, `POWELL`, `SPSA`, or with gradients by the parameter-shift rule
                `L-BFGS-B`, `SLSQP`, `ADAM`.
            bounds: Least and greatest value, by parameter or as a list; None in a pair for no bound.
            tol: When to stop, in the method's own sense.
            max_iters: Most iterations of the method.
            max_evals: Most evaluations, replayed ones included.
            group: Name of the loop's jobs; by default drawn.
            resume: Name of the group to go on with; everything but `max_evals` and `callback` has to be as it was.
            callback: Is told of each evaluation, in a thread; StopIteration ends the loop.
            program: As for `submit`, and so are the following ones.
            name: Name of all jobs.
            target: Device.
            shots: Repetitions of each job.
            seed: The loop's seed, from which those of the jobs and the method are derived; by default drawn and kept.
            priority: 0 to 100, higher first.
            timeout_sec: Longest time to the result of each job, seconds.
            inputs: Inputs that are the same for all jobs.
            estimation: How expectation values come about: `auto`, `exact` or `sampled`.
            noise_model: Noise to simulate.

        Raises:
            InvalidArgumentError: An argument is wrong, or the program cannot be compiled.
            AlreadyExistsError: The group has jobs already.
            NotFoundError: There is no group to resume, or a file is not there.
            FailedPreconditionError: The group to resume was begun with other settings.
            EigenError: A job has failed; this is its own error. The loop can be resumed.
        """
        from eigen.client.minimization import Loop, Minimization
        from eigen.client.packaging import Overrides

        loop = Loop(
            job=job,
            objective=objective,
            x0=x0,
            method=method,
            bounds=bounds,
            tol=tol,
            max_iters=max_iters,
            max_evals=max_evals,
            resume=resume,
            callback=callback,
            program=program,
            overrides=Overrides(
                name=name,
                group=group,
                target=target,
                shots=shots,
                seed=seed,
                priority=priority,
                timeout_sec=timeout_sec,
                estimation=estimation,
                noise_model=noise_model,
                inputs=inputs or {},
            ),
        )
        return await Minimization(self.system.api, loop).run()

    async def rerun(self, reference: str) -> AsyncJob:
        """Submit a job once more: the same spec, program and seed, so that with the same versions its counts are equal.

        The new job's `provenance.rerun_of` names the old one.

        Args:
            reference: The job's id, a unique prefix of it, or `@last`.

        Raises:
            NotFoundError: There is no such job.
            InvalidArgumentError: Several jobs begin like this.
        """
        from eigen.client.repetition import repetition

        api = self.system.api
        request = await repetition(api, await find_job(api, reference))
        return AsyncJob(api, (await api.submit_job(request)).job_id)

    async def compile(self, job: JobLike, *, inputs: Mapping[str, Any] | None = None) -> CompiledProgram:
        """Compile a job's program without running it.

        Raises:
            InvalidArgumentError: The job or the program is wrong; `diagnostics` says where.
        """
        from eigen.client.packaging import Overrides, is_quick, package
        from eigen.contracts.requests import CompileJobRequest

        overrides = Overrides(inputs=inputs or {})
        packaged = await self._packaged(
            partial(package, job, overrides=overrides), is_quick=is_quick(job, overrides=overrides)
        )
        body = packaged.request.spec.spec
        return await self.system.api.compile(
            CompileJobRequest(source=packaged.request.source, entrypoint=body.entrypoint, inputs=body.inputs)
        )

    async def _packaged(self, make: Callable[[], PackagedJob], *, is_quick: bool) -> PackagedJob:
        """Package a job: what is quick at once, one in each turn of the loop; what may take longer in a thread."""
        if not is_quick:
            return await anyio.to_thread.run_sync(make)
        async with self._packaging:  # whoever gets it gives a turn to the others
            return make()

    async def job(self, reference: str) -> AsyncJob:
        """Return a job by its id, a unique prefix of it, or `@last`.

        Raises:
            NotFoundError: There is no such job.
            InvalidArgumentError: Several jobs begin like this.
        """
        return AsyncJob(self.system.api, await find_job(self.system.api, reference))

    async def jobs(
        self,
        *,
        states: Iterable[str] = (),
        name: str | None = None,
        group: str | None = None,
        labels: Mapping[str, str] | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        subject: str | None = None,
        all_subjects: bool = False,
        limit: int = 100,
    ) -> tuple[JobStatus, ...]:
        """Return one's own jobs, newest first.

        Args:
            states: Only jobs in one of these states, such as `JobState.DONE` or `"DONE"`.
            name: Only jobs of this name.
            group: Only jobs of this group.
            labels: Only jobs with these labels.
            created_after: Only jobs that were accepted later; local time where it names no time zone.
            created_before: Only jobs that were accepted earlier.
            subject: Jobs of somebody else, for those who may see them.
            all_subjects: Jobs of everybody, for those who may see them.
            limit: Most jobs.

        Raises:
            InvalidArgumentError: A value is none of its kind.
            PermissionDeniedError: The caller may not see others' jobs.
        """
        from eigen.client.listing import job_filter, list_jobs

        wanted = job_filter(
            states=states,
            name=name,
            group=group,
            labels=labels,
            created_after=created_after,
            created_before=created_before,
            subject=subject,
        )
        return (await list_jobs(self.system.api, wanted, limit=limit, all_subjects=all_subjects)).jobs

    async def devices(self) -> tuple[DeviceInfo, ...]:
        """Return all devices, by id."""
        return await self.system.api.list_devices()

    async def reserve(self, device_id: str, *, ttl_sec: float, purpose: str = "") -> Reservation:
        """Keep a slot of a device for one's own jobs, on the whole root; it outlives this client.

        Args:
            device_id: Which device.
            ttl_sec: How long, seconds.
            purpose: Why.

        Raises:
            NotFoundError: There is no such device.
            InvalidArgumentError: The time is not more than 0, or longer than is allowed.
            ResourceExhaustedError: Every slot is reserved, or one has as many reservations as one may have.
        """
        require_kind(device_id, str, name="a device's id", hint="such as sim:local")
        require_kind(ttl_sec, (int, float), name="ttl_sec", hint="give a number of seconds")
        require_kind(purpose, str, name="purpose", hint="say it in a few words")
        return await self.system.api.reserve_device(device_id, ttl_sec=ttl_sec, purpose=purpose)

    async def release(self, reservation: Reservation) -> None:
        """End a reservation.

        Raises:
            NotFoundError: It has ended.
        """
        from eigen.contracts.devices import Reservation

        require_kind(reservation, Reservation, name="a reservation", hint="give what `reserve` has returned")
        await self.system.api.release_reservation(reservation.reservation_id)
