"""Results set by hand: ``run.summary["accuracy"] = 0.93``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from trackrecord.journal.format import Kind

if TYPE_CHECKING:
    from trackrecord.sdk.run import Run


class Summary(MutableMapping[str, Any]):
    """The results of a run that were set by hand in this process. Each assignment is kept at once; the last one holds.

    Any number, text, boolean, or list of such; nested dicts are dotted.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._values: dict[str, Any] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        self._set({key: value})

    def update(self, *others: Any, **more: Any) -> None:
        """Set several results at once."""
        with self._run._guard("summary"):
            self._set(dict(*others, **more))

    def _set(self, values: Mapping[Any, Any]) -> None:
        run = self._run
        with run._guard("summary"):
            from trackrecord.sdk.settled import readable, settle_all

            settled: dict[str, Any] = {}
            for name, value, json in settle_all(values, "result", "unusual_result", run._problems):
                settled[name] = json
                self._values[name] = readable(value, json)
            if settled:
                run._write_values(Kind.SUMMARY, "summary", settled)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __delitem__(self, key: str) -> None:
        raise TypeError("a result can't be taken back; set it to another value")

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Summary({self._values!r})"
