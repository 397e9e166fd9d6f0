"""What the job state machine tells the shell to do (`eigen.kernel.machine`); nothing is done here.

Every command that starts work (`AwaitDependencies`, `Compile`, `Execute`, `Seal`) ends in exactly one outcome event.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AwaitDependencies",
    "CloseUnsealed",
    "Command",
    "Compile",
    "Enqueue",
    "Execute",
    "LeaveQueue",
    "Seal",
    "StopWork",
]


@dataclass(frozen=True, slots=True)
class Command:
    """Something for the shell to do."""


class AwaitDependencies(Command):
    """Wait until the jobs that it needs have ended; ends in `DependenciesMet` or `DependencyFailed`."""


class Compile(Command):
    """Compile in the job's turn; ends in `Compiled` or `CompilationFailed`, unless `StopWork` comes before that."""


class Enqueue(Command):
    """Wait for a slot of the job's device; ends in `Dispatched` unless `LeaveQueue` comes first."""


class LeaveQueue(Command):
    """Wait no longer."""


class Execute(Command):
    """Start executing; ends in `Executed`, `ExecutionFailed` or `ExecutionStopped`."""


class StopWork(Command):
    """Stop the running work, whose outcome still comes, or the wait for its turn."""


class Seal(Command):
    """Put what belongs to `ending` on disk; ends in `Closed` or `SealFailed`."""


class CloseUnsealed(Command):
    """Take the terminal state although not even the error could be put on disk; ends in `Closed`."""
