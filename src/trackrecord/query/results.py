"""The last few results of each store, so that the pages of one list fit together while new runs come in."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from trackrecord.query.selection import OrderedRuns

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: results kept for one store; one over 100,000 runs takes about 3 MB
MOST_RESULTS = 8


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one query: the runs in order, as of a revision."""

    query: Hashable
    revision: int
    runs: OrderedRuns


_lock = threading.Lock()
_kept: WeakKeyDictionary[Store, OrderedDict[str, Result]] = WeakKeyDictionary()


def keep(store: Store, result: Result) -> str:
    """Keep a result for the next pages; return its name."""
    name = secrets.token_hex(8)
    with _lock:
        kept = _kept.setdefault(store, OrderedDict())
        kept[name] = result
        while len(kept) > MOST_RESULTS:
            kept.popitem(last=False)
    return name


def kept(store: Store, name: str | None, query: Hashable) -> Result | None:
    """Return a kept result; None when it is gone, or the answer to another query."""
    with _lock:
        results = _kept.get(store)
        found = None if results is None or name is None else results.get(name)
        if results is None or name is None or found is None or found.query != query:
            return None
        results.move_to_end(name)
        return found
