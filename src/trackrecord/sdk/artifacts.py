"""Keeping files and folders with a run, by digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trackrecord.journal.blobfile import put_file
from trackrecord.journal.format import Kind
from trackrecord.journal.place import BLOBS
from trackrecord.sdk.problems import Problems

#: files of one artifact that one record may name
MOST_FILES = 200_000


def keep_artifact(  # noqa: PLR0917 - called in one place, with what that place has
    path: str | os.PathLike[str],
    name: str | None,
    kind: str,
    store: Path,
    write: Callable[[Kind, dict[str, Any]], None],
    problems: Problems,
) -> None:
    """Copy what lies at ``path`` into the store's blobs and record it as an artifact.

    Files that can't be read are noted as problems and left out; the others are kept.
    """
    place = os.path.abspath(os.path.expanduser(os.fsdecode(path)))
    if not os.path.exists(place):
        problems.note(
            "no_such_file",
            f"log_artifact: there is nothing at {place!r}",
            "check the path, and log it after it is written",
        )
        return
    if not os.path.isdir(place) and not os.path.isfile(place):
        # opening a pipe or a device could wait for ever
        problems.note("no_such_file", f"log_artifact: {place!r} is neither a file nor a folder")
        return
    files: list[dict[str, Any]] = []
    for inner, source in _files(place, problems):
        if len(files) >= MOST_FILES:
            problems.note(
                "too_many_files",
                f"log_artifact: {place!r} has more than {MOST_FILES} files; the rest was left out",
            )
            break
        try:
            stored = put_file(str(store / BLOBS), source)
        except OSError as error:
            problems.note(
                "unreadable_file", f"log_artifact: {source!r} could not be kept: {error}", misuse=False
            )
            continue
        files.append({"path": inner, "digest": stored.digest, "size": stored.size})
    if not files and not os.path.isdir(place):
        return
    files.sort(key=lambda file: str(file["path"]))
    write(
        Kind.ARTIFACT,
        {
            "name": str(name) if name else os.path.basename(place) or "artifact",
            "kind": str(kind),
            "digest": _digest_of_files(files),
            "size": sum(file["size"] for file in files),
            "relation": "logged",
            "files": files,
        },
    )


def _files(place: str, problems: Problems) -> Iterator[tuple[str, str]]:
    """Yield (name inside of the artifact with forward slashes, file); links to folders are not followed."""
    if not os.path.isdir(place):
        yield _clean(os.path.basename(place)), place
        return

    def unreadable(error: OSError) -> None:
        problems.note("unreadable_file", f"log_artifact: a folder could not be read: {error}", misuse=False)

    for folder, folders, names in os.walk(place, onerror=unreadable):
        folders.sort()
        for name in sorted(names):
            source = os.path.join(folder, name)
            if os.path.isfile(source):  # no sockets, pipes, devices
                yield _clean(os.path.relpath(source, place).replace(os.sep, "/")), source


def _clean(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")


def _digest_of_files(files: list[dict[str, Any]]) -> str:
    lines = "".join(f"{file['path']}\0{file['digest']}\n" for file in files)
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()
