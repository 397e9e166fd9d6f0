"""YAML events to JSON values, without recursion, aliases, tags or surprises.

Of YAML, a job file has mappings, sequences and scalars, in one document of at most 1 MiB. Plain scalars are typed by
JSON's rules: `true false null` and JSON numbers are what they look like, everything else is text. So `no`, `010`,
`1:00:00`, `0x1F`, `1_000` and `2024-01-01` are texts, and a field that wants a number refuses them, where other
loaders would change their value in silence. Only PyYAML's pure-Python event parser is used: it neither recurses nor
builds anything, and counters stop it, where `CSafeLoader` ends the process on deep nesting.

Source: YAML 1.2.2, chapter 10.2 (the JSON schema); PyYAML's `yaml.parse`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from eigen.contracts.canonical import MAX_SAFE_INTEGER
from eigen.contracts.errors import InvariantError
from eigen.contracts.faults import Faults
from eigen.contracts.printable import printable, quoted
from eigen.jobfile.layout import Extent, Layout

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Path", "may_show", "read_document", "show_path"]

MAX_BYTES = 1024 * 1024
"""Largest job file."""
MAX_DEPTH = 16
"""Deepest nesting of mappings and sequences."""
MAX_NODES = 20_000
"""Most keys and values; PyYAML reads about as many in half a second."""

Path = tuple[str | int, ...]
"""Where a value stands: keys and indices from the root."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CONSTANTS = {"true": True, "false": False, "null": None, "": None}
_EXACT_DIGITS = 16
_SHAPE_HINT = "look at the brackets, quotes and indentation (blanks, no tabs) here and in the lines before"
_HINTS = {
    "JOBSPEC_ALIAS": "write the value out wherever it is wanted; a text that begins with & or * stands in quotes",
    "JOBSPEC_DEPTH": "nest less; lists of numbers for the program stand under spec.inputs",
    "JOBSPEC_DOCUMENTS": "put each job into a file of its own",
    "JOBSPEC_DUPLICATE_KEY": "leave one of them out",
    "JOBSPEC_EMPTY": "begin with apiVersion: eigen.os/v0.1",
    "JOBSPEC_INTEGER": "write a smaller one, or put it in quotes if it is a text",
    "JOBSPEC_KEY": "write key: value, where the key is one text",
    "JOBSPEC_MERGE_KEY": "write the keys out that are wanted here",
    "JOBSPEC_NODES": "shorten the lists, or split the work over several jobs",
    "JOBSPEC_NOT_FINITE": "write a number such as 1.5e3, or put it in quotes if it is a text",
    "JOBSPEC_TAG": "leave it out; a text that begins with ! stands in quotes",
    "JOBSPEC_YAML": "write the character itself, or leave it out",
}
"""What to do about what YAML could say and a job file may not, by reason."""


@dataclass(slots=True)
class Document:
    """A job file as values, with the place of each.

    Attributes:
        value: The root, JSON values.
        layout: The text.
        keys: Extent of each key, by the path of its value.
        values: Extent of each value.
        styles: How each scalar is written: empty for plain, or one of `'"|>`.
    """

    layout: Layout
    value: Any = None
    keys: dict[Path, Extent] = field(default_factory=dict)
    values: dict[Path, Extent] = field(default_factory=dict)
    styles: dict[Path, str] = field(default_factory=dict)


def show_path(path: Path) -> str:
    """Return a path as text, such as `spec.inputs.xs[2]`."""
    text = "".join(f"[{one}]" if isinstance(one, int) else f".{printable(one, limit=60)}" for one in path)
    return text.removeprefix(".")


def read_document(text: str, *, layout: Layout) -> Document:
    """Return the values of a job file's text.

    Raises:
        InvalidArgumentError: Not YAML, or YAML with duplicate keys, tags, several documents, numbers that are not
            finite; or empty.
        ResourceExhaustedError: Aliases or anchors, too deep, too many values, an integer beyond ±(2^53 − 1).
    """
    faults = Faults("job file")
    builder = _Builder(Document(layout=layout), faults)
    try:
        _take_events(text, builder, layout=layout, faults=faults)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = layout.place(mark.line, mark.column) if mark else None
        faults.add("JOBSPEC_YAML", f"this is not YAML: {_problem(error)}", span=span, hint=_SHAPE_HINT)
    except yaml.reader.ReaderError as error:
        line, column = text.count("\n", 0, error.position), error.position - text.rfind("\n", 0, error.position) - 1
        message = f"holds the character {printable(chr(error.character))}, which YAML does not allow"
        hint = 'leave it out, or write it as an escape such as "\\t" in double quotes'
        faults.add("JOBSPEC_YAML", message, span=layout.place(line, column), hint=hint)
    if faults.is_empty and builder.is_empty:
        faults.add("JOBSPEC_EMPTY", "is empty", hint=_HINTS["JOBSPEC_EMPTY"])
    faults.raise_if_any()
    return builder.document


_QUOTES_NO_TEXT = re.compile(r"(?:[^']|'.'|'<[a-z ]+>'){1,100}", re.DOTALL)


def _take_events(text: str, builder: _Builder, *, layout: Layout, faults: Faults) -> None:
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_event():
            builder.take(loader.get_event())  # type: ignore[no-untyped-call]  # the stubs leave it bare
    except (ValueError, OverflowError):  # PyYAML lets some escape, as for "\U99999999"
        mark = loader.get_mark()
        message = "this is not YAML: an escape or directive has an impossible number"
        faults.add("JOBSPEC_YAML", message, span=layout.place(mark.line, mark.column), hint=_HINTS["JOBSPEC_YAML"])
    finally:
        loader.dispose()


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Return PyYAML's words where they quote nothing but single characters and kinds of tokens, else fewer."""
    problem = error.problem or "it cannot be read"
    return printable(problem) if _QUOTES_NO_TEXT.fullmatch(problem) else "it cannot be read here"


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is being read; `key` is the key whose value comes next."""

    path: Path
    container: dict[str, Any] | list[Any]
    start: Extent
    is_key: bool = False
    key: str | None = None
    is_discarded: bool = False


class _Builder:
    """Takes events, builds the document, notes faults."""

    def __init__(self, document: Document, faults: Faults) -> None:
        self.document = document
        self._faults = faults
        self._stack: list[_Frame] = []
        self._num_nodes = 0
        self._num_documents = 0

    @property
    def is_empty(self) -> bool:
        return self.document.value is None

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._begin_document(event)
        elif isinstance(event, yaml.AliasEvent):
            self._stop("JOBSPEC_ALIAS", "holds an alias (*name); aliases and anchors are not taken", event)
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._begin_node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end_collection(event)

    def _begin_document(self, event: yaml.Event) -> None:
        self._num_documents += 1
        if self._num_documents > 1:
            self._fault("JOBSPEC_DOCUMENTS", "holds more than one document; exactly one is taken", event)
            self._faults.raise_if_any()

    def _begin_node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        self._num_nodes += 1
        if self._num_nodes > MAX_NODES:
            self._stop("JOBSPEC_NODES", f"holds more than {MAX_NODES} keys and values", event)
        if event.anchor is not None:
            self._stop("JOBSPEC_ALIAS", "holds an anchor (&name); aliases and anchors are not taken", event)
        if event.tag is not None:
            self._fault("JOBSPEC_TAG", "holds a tag (!…); tags are not taken", event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        else:
            self._begin_collection(event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if any(0xD800 <= ord(one) <= 0xDFFF for one in event.value):
            self._fault("JOBSPEC_YAML", "holds half of a surrogate pair", event)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.container, dict) and frame.key is None and not frame.is_discarded:
            self._key(frame, event)
            return
        path = self._next_path()
        self.document.styles[path] = "" if event.style is None else event.style
        self._attach(path, self._typed(event) if event.style is None else event.value, _extent(event))

    def _key(self, frame: _Frame, event: yaml.ScalarEvent) -> None:
        key, extent = event.value, _extent(event)
        assert isinstance(frame.container, dict)  # noqa: S101  # the caller has looked
        self.document.layout.note(extent, shown=True)
        if key == "<<" and event.style is None:
            self._fault("JOBSPEC_MERGE_KEY", "holds a merge key (<<); merge keys are not taken", event)
            frame.is_discarded = True
        elif (*frame.path, key) in self.document.keys:
            path: Path = (*frame.path, key)
            message = f"duplicate key {quoted(key)}: line {self.document.keys[path].line + 1} has it already"
            self._fault("JOBSPEC_DUPLICATE_KEY", message, event, path)
            frame.is_discarded = True
        else:
            frame.key = key
            self.document.keys[*frame.path, key] = extent

    def _begin_collection(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._stop("JOBSPEC_DEPTH", f"nests deeper than {MAX_DEPTH} mappings and sequences", event)
        frame = self._stack[-1] if self._stack else None
        is_key = (
            frame is not None and isinstance(frame.container, dict) and frame.key is None and not frame.is_discarded
        )
        if is_key:
            self._fault("JOBSPEC_KEY", "a key must be a text", event)
        container: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = (*frame.path, "?") if frame and is_key else self._next_path()
        self._stack.append(_Frame(path, container, _extent(event), is_key=is_key))

    def _end_collection(self, event: yaml.Event) -> None:
        frame = self._stack.pop()
        extent = Extent(*frame.start[:2], *_extent(event)[2:])
        if frame.is_key:
            self._stack[-1].is_discarded = True
        else:
            self._attach(frame.path, frame.container, extent)

    def _next_path(self) -> Path:
        if not self._stack:
            return ()
        frame = self._stack[-1]
        if isinstance(frame.container, list):
            return (*frame.path, len(frame.container))
        return (*frame.path, "?" if frame.key is None else frame.key)

    def _attach(self, path: Path, value: Any, extent: Extent) -> None:
        self.document.values.setdefault(path, extent)
        if not isinstance(value, dict | list):
            self.document.layout.note(extent, shown=may_show(path, value))
        if not self._stack:
            self.document.value = value
            return
        frame = self._stack[-1]
        if isinstance(frame.container, list):
            frame.container.append(value)
        elif frame.key is not None:
            frame.container[frame.key] = value
        frame.key, frame.is_discarded = None, False

    def _typed(self, event: yaml.ScalarEvent) -> Any:
        text = event.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NOT_FINITE.fullmatch(text):
            self._not_finite(event)
        elif _INTEGER.fullmatch(text):
            if len(text) <= _EXACT_DIGITS + 1 and abs(int(text)) <= MAX_SAFE_INTEGER:
                return int(text)
            message = "an integer must lie within ±(2^53 − 1)"
            self.document.layout.note(_extent(event), shown=False)
            self._fault("JOBSPEC_INTEGER", message, event, limit=True)
        elif _NUMBER.fullmatch(text):
            if math.isfinite(value := float(text)):
                return value
            self._not_finite(event)
        return text

    def _not_finite(self, event: yaml.Event) -> None:
        self.document.layout.note(_extent(event), shown=True)
        self._fault("JOBSPEC_NOT_FINITE", "a number must be finite", event)

    def _fault(
        self,
        code: str,
        message: str,
        event: yaml.Event,
        path: Path | None = None,
        *,
        limit: bool = False,
    ) -> None:
        if path is None:
            path = self._next_path()
        span = self.document.layout.span(_extent(event))
        self._faults.add(code, message, path=show_path(path), hint=_HINTS[code], span=span, limit=limit)
        if self._faults.is_full:
            self._faults.raise_if_any()

    def _stop(self, code: str, message: str, event: yaml.Event) -> None:
        self._fault(code, message, event, limit=True)
        self._faults.raise_if_any()


def _extent(event: yaml.Event) -> Extent:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:
        raise InvariantError("PyYAML gave an event without its place")
    return Extent(start.line, start.column, end.line, end.column)


_NUMERIC: frozenset[Path] = frozenset(
    {
        ("spec", "shots"),
        ("spec", "seed"),
        ("spec", "priority"),
        ("spec", "timeout_sec"),
        ("spec", "precision"),
        ("spec", "compiler_options", "optimization_level"),
        ("spec", "metadata", "shots"),
    }
)
_NAMES: frozenset[Path] = frozenset(
    {
        ("apiVersion",),
        ("kind",),
        ("metadata", "name"),
        ("spec", "program_path"),
        ("spec", "entrypoint"),
        ("spec", "program_sha256"),
        ("spec", "language"),
        ("spec", "estimation"),
        ("spec", "target"),
        ("spec", "noise_model"),
        ("spec", "dependencies"),
        ("spec", "program", "path"),
        ("spec", "program", "entrypoint"),
    }
)
_NUMBER_LIKE = re.compile(r"[-+]?[0-9][0-9_:.,eExX+-]{0,23}")


def may_show(path: Path, value: Any) -> bool:
    """Tell whether a value cannot be a secret: a name, or a number where one belongs."""
    keys = tuple(one for one in path if isinstance(one, str))
    if keys in _NAMES:
        return True
    if keys in _NUMERIC:
        return not isinstance(value, str) or _NUMBER_LIKE.fullmatch(value) is not None
    return keys[:2] in {("spec", "inputs"), ("spec", "sweep")} and not isinstance(value, str)
