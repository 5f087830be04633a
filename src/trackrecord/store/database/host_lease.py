"""Which host uses the database of a store that several hosts can reach: a file beside it says so (invariant T8).

Locks and shared memory can't be relied on between hosts, so this is how two of them keep apart:

- The file ``store.db.lease`` names a host (name and boot), who took it, since when, and a *beat* that is new each
  time it is renewed. Processes of one host share it; between them SQLite's own locks hold.
- Another host takes it when it was given back, or when its beat has not changed for 60 s of the *observer's* own
  clock that no one can set. What it has observed it writes beside the lease, so that one-shot commands observe
  together.
- The clock proves nothing: the other host may have been stopped and be woken at any moment. So whoever takes the
  database from another host first makes a *copy* of it and puts that in its place. What the former host still writes
  goes to the file that it has open, which nobody sees any more.
- A holder looks before and after each commit whether the lease is still its own. Only when it was so after the commit
  is the commit in every later copy; only then may segments be removed from the inbox.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import sqlite3
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from trackrecord.journal.files import sync_folder
from trackrecord.journal.process import boot_id, host_name
from trackrecord.words.errors import StoreUnavailableError

#: without a new beat for so long, another host takes the lease
LASTS_S = 60.0
#: a beat is written so often, at most, and before it can be missed
RENEWED_AFTER_S = 10.0
_TRIES, _PAUSE_S = 40, 0.05
#: where SQLite counts commits in the header of a database in rollback mode
_COUNTER = slice(24, 28)


class HeldElsewhereError(StoreUnavailableError):
    """Another host has the database: it can be read here, not written."""


class Holder(NamedTuple):
    """What a lease file says; all but the beat is for people."""

    host: str
    boot: str | None
    pid: int
    user: str
    since: int
    beat: str
    released: bool

    def is_here(self) -> bool:
        """Whether that is this machine, since its last start."""
        return (self.host, self.boot) == (host_name(), boot_id())

    def describe(self) -> str:
        """Return who that is, in words."""
        since = datetime.fromtimestamp(self.since / 1e9, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        return f"host {self.host} (user {self.user}, process {self.pid}) since {since}"


class HostLease:
    """This host's claim to one database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}.lease")
        self._renewed = -RENEWED_AFTER_S

    def take(self) -> None:
        """Take or renew the lease; the database is copied when another host had it before.

        Raises HeldElsewhereError when another host has it, OSError when the file can't be written.
        """
        holder = self.holder()
        if holder is not None and not holder.is_here():
            if not holder.released and not self._has_expired(holder):
                raise self._held(holder)
            self._write(released=False)
            self.verify()
            put_copy_in_place(self._database)
            self.verify()
        else:
            self._write(released=False)
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Renew the lease when it is time to. Raises HeldElsewhereError when another host has taken it."""
        if time.monotonic() - self._renewed >= RENEWED_AFTER_S:
            self.take()

    def verify(self) -> None:
        """Raise HeldElsewhereError unless the lease is this host's, by what the file says at this moment."""
        holder = self.holder()
        if holder is None or not holder.is_here():
            raise self._held(holder)

    def is_here(self) -> bool:
        """Tell whether this host has the lease, without taking it."""
        holder = self.holder()
        return holder is not None and holder.is_here() and not holder.released

    def give_back(self) -> None:
        """Let another host take it at once. Processes of this host that go on take it again by themselves."""
        try:
            holder = self.holder()
            if holder is not None and holder.is_here():
                self._write(released=True)
        except OSError:
            pass  # it runs out by itself

    def holder(self) -> Holder | None:
        """Return who has, or last had, the database; None when nobody ever did."""
        try:
            found: Any = json.loads(self._path.read_bytes())
            return Holder(
                *(
                    str(found["host"]),
                    found["boot"],
                    int(found["pid"]),
                    str(found["user"]),
                    int(found["since"]),
                ),
                *(str(found["beat"]), bool(found["released"])),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            # half of one: whoever writes it will finish, or never; it is observed like any other
            return Holder("(unknown)", None, 0, "(unknown)", 0, "", released=False)

    def _held(self, holder: Holder | None) -> HeldElsewhereError:
        who = "nobody any more" if holder is None else holder.describe()
        return HeldElsewhereError(
            f"the database of the store {self._database.parent} is used by {who}",
            hint="it can be read here; journals recorded here are taken in there. It is taken over once that host has"
            f" given it back or has been quiet for {LASTS_S:.0f} s",
        )

    def _write(self, *, released: bool) -> None:
        document: dict[str, Any] = {
            "host": host_name(),
            "boot": boot_id(),
            "pid": os.getpid(),
            "user": _user(),
            "since": time.time_ns(),
            "beat": os.urandom(8).hex(),
            "released": released,
        }
        before = self.holder()
        if before is not None and before.is_here() and not before.released:
            document["since"] = before.since
        partial = self._path.with_name(f"{self._path.name}.{os.urandom(4).hex()}.partial")
        try:
            with partial.open("xb") as file:
                file.write(json.dumps(document).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)

    def _has_expired(self, holder: Holder) -> bool:
        """Tell whether this host has seen the same beat for so long, by the clock that counts since its start."""
        host = re.sub(r"[^A-Za-z0-9_-]", "_", host_name())[:60]
        notes = self._path.with_name(f"{self._path.name}.seen-by-{host}")
        now, boot = _since_start(), boot_id()
        try:
            seen = json.loads(notes.read_bytes())
            if seen["beat"] == holder.beat and seen["boot"] == boot and seen["at"] <= now:
                return bool(now - seen["at"] >= LASTS_S)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        partial = notes.with_name(f"{notes.name}.{os.urandom(4).hex()}.partial")
        try:
            partial.write_text(json.dumps({"beat": holder.beat, "boot": boot, "at": now}), encoding="utf-8")
            partial.replace(notes)
        finally:
            partial.unlink(missing_ok=True)
        return False


def put_copy_in_place(database: Path) -> None:
    """Replace a database by a copy of itself, so that whoever has it open writes to what nobody sees any more."""
    if not database.exists():
        return
    copy = database.with_name(f"{database.name}.{os.urandom(4).hex()}.partial")
    sides = [copy.with_name(copy.name + side) for side in ("-journal", "-wal", "-shm")]
    try:
        copy_consistently(database, copy)
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        copy.replace(database)
        # a rollback that was under way in the old file is done in the copy. Done again it would change nothing: it
        # writes the pages as they were before, and nothing has been written since
        for side in ("-journal", "-wal", "-shm"):
            database.with_name(database.name + side).unlink(missing_ok=True)
        sync_folder(os.fspath(database.parent))
    finally:
        for path in (copy, *sides):
            path.unlink(missing_ok=True)


def copy_consistently(database: Path, copy: Path) -> None:
    """Copy a database that another host may be writing, without any lock; the copy is whole and in rollback mode.

    Raises StoreUnavailableError when it changes all the time.
    """
    sides = ("", "-journal", "-wal")
    for _ in range(_TRIES):
        before = [_state(database.with_name(database.name + side)) for side in sides]
        for side, state in zip(sides, before, strict=True):
            target = copy.with_name(copy.name + side)
            target.unlink(missing_ok=True)
            try:
                if state is not None:
                    shutil.copyfile(database.with_name(database.name + side), target)
            except FileNotFoundError:
                break
        else:
            if before == [_state(database.with_name(database.name + side)) for side in sides]:
                _recover(copy)
                return
        time.sleep(_PAUSE_S)
    raise StoreUnavailableError(
        f"{database} is being written by another host all the time", hint="try again in a moment"
    )


def _recover(copy: Path) -> None:
    """Let SQLite undo or finish in a copy what was under way when it was made."""
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # so that a log needs no shared memory
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")
    finally:
        connection.close()


def _state(path: Path) -> tuple[int, int, bytes] | None:
    """Return what changes with every commit: size, time of change, and SQLite's own counter; None without content."""
    try:
        with path.open("rb") as file:
            head = file.read(_COUNTER.stop)
            state = os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    return (state.st_size, state.st_mtime_ns, head[_COUNTER]) if state.st_size else None


def _since_start() -> float:
    """Return seconds that no one can set, the same for all processes since this machine was started."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
