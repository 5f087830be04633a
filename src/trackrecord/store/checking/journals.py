"""Whether every record of the journals that wait in the inbox (or were put aside) checks."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from trackrecord.journal.format import FILE_HEADER, Kind
from trackrecord.journal.process import is_gone
from trackrecord.journal.reader import Damage, check_file_header, is_understood, scan
from trackrecord.journal.segments import NO_RUN, parse_segment_name
from trackrecord.store.checking.blobs import files_below, is_regular
from trackrecord.store.checking.finding import NOTE, PROBLEM, Finding
from trackrecord.words.errors import FormatError


@dataclass(slots=True)
class Journals:
    """The journals of a folder: what was found, which files have damage, and contents that wait in them."""

    findings: list[Finding] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    contents: set[str] = field(default_factory=set)
    journals: int = 0
    records: int = 0


def check_journals(
    folder: Path, connection: sqlite3.Connection | None, on_file: Callable[[], None], *, aside: bool = False
) -> Journals:
    """Read every segment in a folder, record by record. Nothing is changed.

    ``connection`` is the store's, to know what is taken in already: damage that it has counted is shown on its run and
    only noted here. ``aside``: the folder is the quarantine, where damage is what one expects.
    """
    found = Journals()
    for path, regular in _files(folder, deep=aside):
        name = parse_segment_name(path.name)
        place = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        if not regular:
            message = "is no file, nor does it lead to one; it is left alone"
            found.findings.append(Finding("journal-stray", place, message, NOTE))
            continue
        if name is None:
            if not aside:
                found.findings.append(
                    Finding("journal-stray", place, "is no journal; it is left alone", NOTE)
                )
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # taken in and removed meanwhile
        except OSError as error:
            found.findings.append(Finding("journal", place, f"can't be read: {error.strerror or error}"))
            continue
        found.journals += 1
        run = None if name.run == NO_RUN else name.run
        taken, counted = (
            (0, 0) if connection is None else _progress(connection, name.run, name.writer, name.n)
        )
        damage = _scan(found, place, data, run)
        for piece in damage:
            known = counted > 0 and piece.offset < taken
            message = f"{piece.size} bytes at offset {piece.offset} are no whole record"
            if known:
                message += "; what can be read is taken in, and the run shows it"
            severity = NOTE if known or aside else PROBLEM
            found.findings.append(Finding("journal", place, message, severity, run))
        if damage:
            found.damaged.append(path)
        on_file()
    return found


def _scan(found: Journals, place: str, data: bytes, run: str | None) -> list[Damage]:
    try:
        if not check_file_header(data):
            return []  # made a moment ago, or by a process that was killed just then
    except FormatError as error:
        found.findings.append(Finding("journal", place, error.message, run=run))
        return []
    damage: list[Damage] = []
    complete = False
    for item in scan(data, FILE_HEADER.size):
        if isinstance(item, Damage):
            damage.append(item)
            continue
        found.records += 1
        complete = complete or item.kind == Kind.CLOSE
        if not is_understood(item):
            message = (
                f"a record of kind {item.kind} at offset {item.offset} was written by a newer Trackrecord"
            )
            found.findings.append(Finding("journal-newer", place, message, run=run))
        if item.kind == Kind.CONTENT:
            found.contents.add("sha256:" + item.payload[:32].hex())
        if item.kind == Kind.SEGMENT:
            complete = complete or is_gone(item.fields().get("process") or {}) is True
    if complete:  # nothing is appended any more: an unfinished end is torn
        damage = [item for item in scan(data, FILE_HEADER.size, final=True) if isinstance(item, Damage)]
    return damage


def _progress(connection: sqlite3.Connection, run: str, writer: str, n: int) -> tuple[int, int]:
    row = connection.execute(
        "SELECT s.taken, s.damage FROM run r JOIN segment s ON s.run = r.number"
        " WHERE r.id = ? AND s.writer = ? AND s.n = ?",
        (run, writer, n),
    ).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def _files(folder: Path, *, deep: bool) -> list[tuple[Path, bool]]:
    """Return what is in a folder, and whether it is a file; of the quarantine the files only."""
    if deep:
        return [(path, True) for path in files_below(folder)]
    try:
        with os.scandir(folder) as entries:
            return sorted((Path(entry.path), is_regular(entry)) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
