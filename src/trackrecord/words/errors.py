"""Every error Trackrecord raises.

::

    TrackrecordError
    +-- UsageError            (also a ValueError)   an argument that can't be used
    +-- QueryError            (also a ValueError)   a filter or sort text that can't be understood
    +-- NotFoundError         (also a LookupError)  no such run, project, metric, artifact
    |   +-- AmbiguousError                          several runs fit
    +-- FormatError           (also a ValueError)   bytes that are not what they should be
    +-- StoreError
        +-- StoreNotFoundError                      there is no store at that place
        +-- StoreVersionError                       the store was made by a newer Trackrecord
        +-- StoreUnavailableError                   locked, read-only, full or damaged

Messages say what happened (with the value) and where; ``hint`` says what to do next.
"""

from __future__ import annotations


class TrackrecordError(Exception):
    """Base of all errors of this package.

    ``code`` is the stable machine-readable name used by the HTTP API and ``--json``.
    """

    code = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageError(TrackrecordError, ValueError):
    """An argument that can't be used; raised at once, or only in strict mode while a run records."""

    code = "bad_request"


class QueryError(TrackrecordError, ValueError):
    """A filter or sort text that can't be understood.

    ``position`` is the 0-based character where the trouble begins, ``suggestions``
    are names that were probably meant, best first.
    """

    code = "bad_query"

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        position: int | None = None,
        suggestions: tuple[str, ...] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.position = position
        self.suggestions = suggestions

    def __str__(self) -> str:
        lines = [self.message]
        if self.position is not None and self.text:
            lines += [f"  {self.text}", "  " + " " * self.position + "^"]
        if self.suggestions:
            lines.append("  did you mean " + " or ".join(self.suggestions) + "?")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class NotFoundError(TrackrecordError, LookupError):
    """No such run, project, metric or artifact."""

    code = "not_found"

    def __init__(self, message: str, *, hint: str | None = None, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.suggestions = suggestions


class AmbiguousError(NotFoundError):
    """Several runs fit a shortened id or a name."""

    code = "ambiguous"


class FormatError(TrackrecordError, ValueError):
    """Bytes that are not what they should be, with the place where that shows."""

    code = "bad_format"


class StoreError(TrackrecordError):
    """Something is wrong with a store as a whole."""

    code = "store_unavailable"


class StoreNotFoundError(StoreError):
    """There is no store at that place."""


class StoreVersionError(StoreError):
    """The store was made by a newer Trackrecord than this one can read."""


class StoreUnavailableError(StoreError):
    """The store is locked, read-only, full or damaged."""
