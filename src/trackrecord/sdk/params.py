"""The params of a run as they were set in this process: ``run.params["lr"]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run


class Params(Mapping[str, Any]):
    """The params of a run by their dotted names.

    Assignment records: ``run.params["lr"] = 0.1`` is ``run.log_params({"lr": 0.1})``. The first value of a param
    holds; a second one is kept beside it as a conflict, and is not what is read here.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._values: dict[str, Any] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        self._run.log_params({key: value})

    def update(self, params: Mapping[str, Any]) -> None:
        """Record several params at once."""
        self._run.log_params(params)

    def keep_first(self, key: str, value: Any) -> None:
        """Remember a recorded value, unless there is one already."""
        self._values.setdefault(key, value)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)
