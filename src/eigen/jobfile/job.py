"""A loaded job, and values laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from eigen.contracts.compilation import ProgramSource
from eigen.contracts.diagnostics import Diagnostic
from eigen.contracts.errors import InvariantError
from eigen.contracts.faults import Faults
from eigen.contracts.jobs import GROUP_LABEL
from eigen.contracts.jobspec import JobSpec
from eigen.jobfile.complaints import complain
from eigen.jobfile.document import Document
from eigen.jobfile.interpretation import Interpretation
from eigen.jobfile.layout import Layout

__all__ = ["LoadedJob", "override"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedJob:
    """A job as it was handed over.

    Attributes:
        spec: The job; its `program_path` and `language` say where the program came from and what it is.
        source: The program.
        job_yaml: The job file as it was; where there was none, one that says the same.
        warnings: What is suspicious but allowed, such as unknown keys.
    """

    spec: JobSpec
    source: ProgramSource
    job_yaml: bytes = field(repr=False)
    warnings: tuple[Diagnostic, ...] = ()


def override(spec: JobSpec, values: Mapping[str, Any]) -> JobSpec:
    """Return the job with some values replaced, checked as those of a file are.

    Args:
        spec: The job.
        values: `name`, `group`, `inputs` (laid over the job's), and fields of `spec` such as `shots`.

    Raises:
        InvalidArgumentError: A value is not allowed; `diagnostics` names it by its path, such as `spec.shots`.
        ResourceExhaustedError: The shots are out of range.
    """
    try:
        return spec.overridden(**values)
    except ValidationError as error:
        document = Document(layout=Layout("", filename="command line"), value=_shape(values))
        job = Interpretation(document=document, faults=Faults("job"))
        complain(error, job)
        job.faults.raise_if_any()
        raise InvariantError("the model refused a value for no reason that we know") from error


def _shape(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return overriding values as they would stand in a job file."""
    body = {key: value for key, value in values.items() if key not in {"name", "group"}}
    return {"metadata": {"name": values.get("name"), "labels": {GROUP_LABEL: values.get("group")}}, "spec": body}
