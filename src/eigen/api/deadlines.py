"""A call's deadline, kept: the caller has its answer in time, and nothing is left half done.

A call with a deadline runs in a task of its own. When the time is over, a call that only looks is cancelled. A call
that changes something goes on to its end behind the caller's back: it is carried out whole or not at all, and who
repeats it learns which (a submission by its idempotency key). So such a call always has a task of its own: its caller
may be cancelled at any time, also by asyncio itself (`asyncio.wait_for`), which no shield of ours holds off. A
submission without a deadline has one in the kernel, which is the job's from there on.

Source: gRPC, "Deadlines", https://grpc.io/docs/guides/deadlines/.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast

import anyio

from eigen.contracts.errors import DeadlineExceededError, FailedPreconditionError, InvalidArgumentError, InvariantError
from eigen.contracts.requests import RequestContext

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

__all__ = ["Deadlines", "HasDeadlines", "bounded"]

CLOSING_SEC = 5.0
"""Longest time that calls whose callers have gone are waited for when the system closes."""

CHANGES = frozenset({"submit_job", "cancel_job", "reserve_device", "release_reservation"})
"""Calls that change something, and so are carried out to their end."""

CARRIED_OUT_BY_THE_KERNEL = frozenset({"submit_job"})
"""Those of them that the kernel carries out in a task of its own."""

P = ParamSpec("P")
T = TypeVar("T")


class HasDeadlines(Protocol):
    """Something whose calls have deadlines."""

    deadlines: Deadlines


S = TypeVar("S", bound=HasDeadlines)
Call = Callable[Concatenate[S, P], Coroutine[Any, Any, T]]


def bounded(method: Call[S, P, T]) -> Call[S, P, T]:
    """Return a call of the System API that keeps the deadline of its `context`."""

    @wraps(method)
    async def call(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
        self.deadlines.require_open()
        context = kwargs.get("context")
        deadline_sec = context.deadline_sec if isinstance(context, RequestContext) else None
        if deadline_sec is None and method.__name__ not in CHANGES - CARRIED_OUT_BY_THE_KERNEL:
            return await method(self, *args, **kwargs)
        return await self.deadlines.keep(
            method.__name__,
            partial(method, self, *args, **kwargs),
            deadline_sec=math.inf if deadline_sec is None else deadline_sec,
        )

    return cast(Call[S, P, T], call)  # mypy takes the name `self` for a part of the type


class Deadlines:
    """The tasks of calls with deadlines; opened and closed as an asynchronous context manager."""

    def __init__(self) -> None:
        self._tasks: TaskGroup | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_closed = True
        tasks = self._opened()
        tasks.cancel_scope.shield = True
        tasks.cancel_scope.deadline = anyio.current_time() + CLOSING_SEC
        await tasks.__aexit__(None, None, None)

    def require_open(self) -> None:
        """Refuse a call that comes when the system is closed; one that was never opened answers what it can.

        Raises:
            FailedPreconditionError: It is.
        """
        if self._is_closed:
            raise FailedPreconditionError(
                "the system is closed",
                reason="SYSTEM_CLOSED",
                hint="ask before it closes, or open it again: its jobs are kept",
            )

    async def keep(self, name: str, work: Callable[[], Coroutine[Any, Any, T]], *, deadline_sec: float) -> T:
        """Return what a call gives, in time.

        Args:
            name: The call's name.
            work: The call.
            deadline_sec: Longest time to its answer; infinite for none.

        Raises:
            DeadlineExceededError: The time is over.
        """
        _require_number(deadline_sec)
        if not deadline_sec > 0:
            raise _too_late(name, deadline_sec)
        attempt: _Attempt[T] = _Attempt()
        self._opened().start_soon(attempt.run, work)
        try:
            with anyio.move_on_after(deadline_sec):
                await attempt.ended.wait()
        finally:
            if name not in CHANGES:
                attempt.scope.cancel()
        if not attempt.ended.is_set():
            raise _too_late(name, deadline_sec)
        return attempt.outcome()

    async def keep_stream(
        self, name: str, stream: AsyncGenerator[T, None], *, deadline_sec: float
    ) -> AsyncGenerator[T, None]:
        """Yield what a stream gives, as long as there is time.

        Raises:
            DeadlineExceededError: The time is over and the stream is not.
        """
        _require_number(deadline_sec)
        end = anyio.current_time() + deadline_sec
        async with aclosing(stream):
            while True:
                with anyio.CancelScope(deadline=end) as scope:
                    try:
                        one = await anext(stream)
                    except StopAsyncIteration:
                        return
                if scope.cancelled_caught:
                    raise _too_late(name, deadline_sec)
                yield one

    def _opened(self) -> TaskGroup:
        if self._tasks is None:
            raise InvariantError("a deadline, and nobody who keeps it: it was not opened")
        return self._tasks


class _Attempt(Generic[T]):
    """A call in its own task, and what came of it."""

    def __init__(self) -> None:
        self.ended = anyio.Event()
        self.scope = anyio.CancelScope()
        self._outcome: tuple[T] | None = None
        self._error: Exception | None = None

    async def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """Make the call; whatever it raises is the caller's to see, and no other call's."""
        with self.scope:
            try:
                self._outcome = (await work(),)
            except Exception as error:  # noqa: BLE001  # handed on, to be raised where the caller waits
                self._error = error
        self.ended.set()

    def outcome(self) -> T:
        """Return what the call gave, or raise what it raised."""
        if self._error is not None:
            raise self._error
        if self._outcome is None:
            raise InvariantError("a call that ended without an outcome")
        return self._outcome[0]


def _require_number(deadline_sec: float) -> None:
    if math.isnan(deadline_sec):
        raise InvalidArgumentError(
            "a deadline of nan seconds", reason="DEADLINE", hint="give a number of seconds, or None for no limit"
        )


def _too_late(name: str, deadline_sec: float) -> DeadlineExceededError:
    hint = {
        "submit_job": "the job may have been taken: repeat the call with its idempotency key, and there is one job",
        "cancel_job": "the job may have been asked to stop: look at its status",
    }.get(name, "allow it more time")
    return DeadlineExceededError(
        f"{name} took longer than its deadline of {deadline_sec:g} s", reason="CALL_DEADLINE", hint=hint
    )
