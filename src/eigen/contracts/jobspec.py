"""`job.yaml` as a model: `eigen.os/v0.1`. Contract "JobSpec (job.yaml)", seed section 3.2, step 1.

This is what a job file means, not how it is read: `eigen.jobfile` reads the text strictly, maps faults to places, and
reports unknown keys. The model refuses wrong types and values; it never turns `"1024"` or `true` into a number.
"""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
)

from eigen.contracts.canonical import MAX_SAFE_INTEGER, canonical_json, read_json
from eigen.contracts.compilation import Language
from eigen.contracts.errors import EigenError
from eigen.contracts.execution import MAX_SHOTS
from eigen.contracts.jobs import GROUP_LABEL, GROUP_NAME, JOB_ID
from eigen.contracts.noise import read_noise_model
from eigen.contracts.printable import quoted

__all__ = ["API_VERSION", "KIND", "TARGET", "InputValue", "JobMetadata", "JobSpec", "JobSpecBody"]

API_VERSION: Final = "eigen.os/v0.1"
KIND: Final = "QuantumJob"
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
TARGET = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}(:[A-Za-z0-9][A-Za-z0-9_.-]{0,126})?")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MAX_INPUT_ITEMS = 100_000
_LATER_DEFAULTS: Final = MappingProxyType({"estimation": "auto", "precision": None})


def _matches(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(what)
        return text

    return AfterValidator(check)


def _input_value(value: Any) -> Any:
    """Take JSON constants and lists of them: finite, exact in JSON, not too many."""
    items, stack = 0, [value]
    while stack:
        one = stack.pop()
        items += 1
        if items > _MAX_INPUT_ITEMS:
            raise ValueError(f"at most {_MAX_INPUT_ITEMS} elements are taken")
        if isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, float) and not math.isfinite(one):
            raise ValueError("must be finite")
        elif isinstance(one, int) and not isinstance(one, bool) and abs(one) > MAX_SAFE_INTEGER:
            raise ValueError("must lie within ±(2^53 − 1)")
        elif not isinstance(one, bool | int | float | str):
            raise ValueError("must be a number, a text, true, false, or a list of them")
    return value


def _noise_model(text: str) -> str:
    try:
        read_noise_model(text)
    except EigenError as error:
        raise ValueError(f"{error.message} ({error.hint})") from error
    return text


Name = Annotated[StrictStr, _matches(NAME, "must be 1 to 63 lower-case letters, digits and inner hyphens")]
Identifier = Annotated[StrictStr, _matches(IDENTIFIER, "must be a name of letters, digits and underscores")]
Target = Annotated[StrictStr, _matches(TARGET, "must look like sim:local, or <driver>:<device>")]
JobId = Annotated[StrictStr, _matches(JOB_ID, "must be a job id, such as job_01…")]
Sha256 = Annotated[StrictStr, _matches(re.compile(r"[0-9a-f]{64}"), "must be 64 lower-case hexadecimal digits")]
Text = Annotated[StrictStr, Field(max_length=4096)]
Texts = dict[Annotated[StrictStr, Field(min_length=1, max_length=256)], Text]
InputValue = Annotated[Any, AfterValidator(_input_value)]
Inputs = dict[Identifier, InputValue]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class JobMetadata(_Model):
    """Who the job is.

    Attributes:
        name: 1 to 63 lower-case letters, digits and inner hyphens (a DNS label, RFC 1123).
        labels: For selecting jobs; `eigen.os/group` names the group that the job belongs to.
        annotations: Kept, not interpreted.
        extra: Unknown keys, kept as they were.
    """

    name: Name
    labels: Texts = Field(default_factory=dict)  # pydantic copies a default deeply, each time
    annotations: Texts = Field(default_factory=dict)
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("labels")
    @classmethod
    def _check_group(cls, labels: dict[str, str]) -> dict[str, str]:
        group = labels.get(GROUP_LABEL)
        if group is not None and not GROUP_NAME.fullmatch(group):
            raise ValueError(
                f"the group {quoted(group)} must be 1 to 63 letters, digits, and inner dots, underscores and hyphens"
            )
        return labels


class CompilerOptions(_Model):
    """How to compile.

    Attributes:
        optimization_level: 0 to 3; how hard a device that needs transpilation tries. A simulator runs the circuit as
            written.
        extra: Unknown keys, kept as they were.
    """

    optimization_level: Annotated[StrictInt, Field(ge=0, le=3)] = 1
    extra: dict[str, Any] = Field(default_factory=dict)


class JobSpecBody(_Model):
    """What to run, on what, and how.

    Attributes:
        program: Inline source, or None where it stands in a file.
        program_path: The program's file, relative to the job file, or None where it is inline.
        entrypoint: Name that the decorated function must have.
        program_sha256: Digest that the program's bytes must have.
        language: What the program is written in.
        target: Device; None leaves it to the decorator, then `sim:local`.
        shots: 1 to 1,000,000; None leaves it to the decorator, then 1,024.
        seed: 0 to 2^53 − 1; None leaves it to the decorator, then one is drawn and recorded.
        inputs: Constants for the entry function's arguments.
        sweep: Lists of inputs, one binding for each position, or `{product: {…}}`.
        priority: 0 to 100, higher first.
        timeout_sec: Longest time from submission to a result, seconds.
        compiler_options: How to compile.
        driver_options: Options that only the driver knows.
        noise_model: Noise to simulate, in the language of `eigen.contracts.noise`.
        estimation: How expectation values come about: `exact`, `sampled`, or `auto`, which samples where shots, a
            precision or noise are named or the device gives no exact values.
        precision: Standard error that no expectation value may pass, whatever the state is; None leaves it to the
            program.
        metadata: Kept, not interpreted.
        dependencies: Jobs that must be DONE first.
        extra: Unknown keys, kept as they were.
    """

    program: StrictStr | None = None
    program_path: StrictStr | None = None
    entrypoint: Identifier | None = None
    program_sha256: Sha256 | None = None
    language: Language = Field(default=Language.EIGEN_LANG, strict=False)
    target: Target | None = None
    shots: Annotated[StrictInt, Field(ge=1, le=MAX_SHOTS)] | None = None
    seed: Annotated[StrictInt, Field(ge=0, le=MAX_SAFE_INTEGER)] | None = None
    inputs: Inputs = Field(default_factory=dict)
    sweep: dict[StrictStr, Any] = Field(default_factory=dict)
    priority: Annotated[StrictInt, Field(ge=0, le=100)] = 50
    timeout_sec: Annotated[StrictInt | StrictFloat, Field(gt=0, le=31_536_000)] | None = None
    compiler_options: CompilerOptions = Field(default_factory=CompilerOptions)
    driver_options: dict[StrictStr, StrictBool | StrictInt | StrictFloat | Text] = Field(default_factory=dict)
    noise_model: Annotated[StrictStr, AfterValidator(_noise_model)] | None = None
    estimation: Literal["auto", "exact", "sampled"] = "auto"
    precision: Annotated[StrictInt | StrictFloat, Field(gt=0)] | None = None
    metadata: Texts = Field(default_factory=dict)
    dependencies: tuple[JobId, ...] = Field(default=(), strict=False)
    extra: dict[str, Any] = Field(default_factory=dict)


class JobSpec(_Model):
    """A job.

    Attributes:
        api_version: `eigen.os/v0.1`; key `apiVersion` in files.
        kind: `QuantumJob`.
        metadata: Who the job is.
        spec: What to run.
        extra: Unknown keys at the top level, kept as they were.

    Example:
        >>> spec = JobSpec(metadata=JobMetadata(name="bell"), spec=JobSpecBody(shots=100))
        >>> spec.overridden(shots=200).spec.shots
        200
    """

    api_version: Literal["eigen.os/v0.1"] = API_VERSION
    kind: Literal["QuantumJob"] = KIND
    metadata: JobMetadata
    spec: JobSpecBody = Field(default_factory=JobSpecBody)
    extra: dict[str, Any] = Field(default_factory=dict)

    def overridden(
        self,
        *,
        name: str | None = None,
        group: str | None = None,
        inputs: dict[str, Any] | None = None,
        **values: Any,
    ) -> Self:
        """Return the job with some values of `spec` replaced, validated anew; None leaves a value as it is.

        Args:
            name: New `metadata.name`.
            group: New value of the label `eigen.os/group`.
            inputs: Inputs laid over those that the job has.
            **values: Fields of `JobSpecBody`.

        Raises:
            pydantic.ValidationError: A new value is not allowed.
        """
        body = vars(self.spec) | {key: value for key, value in values.items() if value is not None}
        body["inputs"] = {**self.spec.inputs, **(inputs or {})}
        metadata = vars(self.metadata) | ({"name": name} if name is not None else {})
        if group is not None:
            metadata["labels"] = {**self.metadata.labels, GROUP_LABEL: group}
        return type(self).model_validate(vars(self) | {"metadata": metadata, "spec": body})

    def to_bytes(self) -> bytes:
        """Return the job with every default in place, as canonical JSON: `job.resolved.json`.

        Fields that came after version 0.1.0 stand in it only where they are set: an idempotency key stands for these
        bytes, and a job that was submitted to an older version is to be the same one to a newer.
        """
        document = self.model_dump(mode="json")
        for name, default in _LATER_DEFAULTS.items():
            if document["spec"][name] == default:
                del document["spec"][name]
        return canonical_json(document)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the job that `to_bytes` wrote."""
        return cls.model_validate(read_json(content, max_bytes=len(content)))
