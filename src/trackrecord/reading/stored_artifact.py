"""One artifact version of a recorded run, with its files."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from trackrecord.exchange.written_file import write_blob
from trackrecord.query.names import close_names
from trackrecord.words.errors import FormatError, NotFoundError, UsageError
from trackrecord.words.records import ArtifactFile, ArtifactRecord

if TYPE_CHECKING:
    from trackrecord.reading.stored_run import StoredRun

_MOST_NAMED = 5


class StoredArtifact:
    """An artifact version that a run logged or used.

    Example::

        artifact = tr.open_run("quiet-river").artifact("model.joblib")
        model = joblib.load(artifact.path())    # a file of the store: to read, not to change
        artifact.download("models")             # a copy of your own, as models/model.joblib
    """

    def __init__(self, run: StoredRun, record: ArtifactRecord) -> None:
        # Holding the run keeps its store open.
        self._run = run
        #: the artifact version as a value
        self.record = record

    @property
    def name(self) -> str:
        """The artifact's name."""
        return self.record.name

    @property
    def kind(self) -> str:
        """What it is, in the words of who logged it, such as ``model``."""
        return self.record.kind

    @property
    def version(self) -> int:
        """Its number among the versions of this name in the project."""
        return self.record.version

    @property
    def digest(self) -> str:
        """The digest of names and bytes of all its files: equal ones have equal content."""
        return self.record.digest

    @property
    def size(self) -> int:
        """The bytes of all its files together."""
        return self.record.size

    @property
    def created(self) -> datetime:
        """When this version was first logged, UTC."""
        return self.record.created

    @property
    def relation(self) -> str:
        """``logged`` or ``used``: what the run did with it."""
        return self.record.relation

    @property
    def files(self) -> tuple[ArtifactFile, ...]:
        """Its files, each with ``path`` (inside of the artifact), ``size`` in bytes and ``digest``."""
        return self.record.files

    def path(self, file: str | None = None) -> Path:
        """Return where the store keeps one file: to be read, never changed; its name is its digest, without ending.

        ``file`` is its path inside of the artifact and can be left out when there is only one. Raises UsageError
        when it has to be said, NotFoundError when there is no such file or its bytes are not in the store.
        """
        wanted = self._file(file)
        place = self._run.store.blobs.path(wanted.digest)
        if place is None:
            raise self._missing(wanted)
        return place

    def download(self, folder: str | os.PathLike[str]) -> Path:
        """Write all files below ``folder``, which is made if need be, and return it as a path.

        Each file is checked against its digest before it gets its name; one that is there by the same name is
        replaced. Nothing is ever written outside of the folder: when a file's name leads elsewhere, nothing at all
        is written. Raises FormatError for such a name and for damaged bytes, NotFoundError when bytes are not in
        the store, OSError when a file can't be written.
        """
        root = Path(folder)
        targets = [(file, self._inside(root, file.path)) for file in self.files]
        for file, _ in targets:
            if self._run.store.blobs.path(file.digest) is None:
                raise self._missing(file)
        root.mkdir(parents=True, exist_ok=True)
        for file, target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_blob(self._run.store, file.digest, target)
        return root

    def _inside(self, root: Path, name: str) -> Path:
        """Return where a file of this name goes; names come from journals, which anybody may have written."""
        parts = name.split("/")
        windows = PureWindowsPath(name)
        leads_away = (
            any(part in ("", ".", "..") for part in parts)
            or "\x00" in name
            or (os.name == "nt" and bool(windows.anchor or "\\" in name or ":" in name))
        )
        target = root.joinpath(*parts) if not leads_away else root
        # A link in the folder may lead out of it, too.
        if leads_away or not target.parent.resolve().is_relative_to(root.resolve()):
            raise FormatError(
                f"Artifact {self.name!r} has a file called {name[:200]!r}, which leads outside of the folder "
                f"{str(root)!r}; nothing was written.",
                hint="`artifact.path(...)` gives the bytes of single files, wherever they are meant to go.",
            )
        return target

    def _file(self, name: str | None) -> ArtifactFile:
        paths = [file.path for file in self.files]
        if name is None:
            if len(paths) == 1:
                return self.files[0]
            if not paths:
                raise NotFoundError(f"Artifact {self.name!r} is an empty folder: it has no file.")
            some = ", ".join(repr(path) for path in paths[:_MOST_NAMED])
            raise UsageError(
                f"Artifact {self.name!r} has {len(paths)} files: which one?",
                hint=f"Say its path: {some}{', ...' if len(paths) > _MOST_NAMED else ''}.",
            )
        for file in self.files:
            if file.path == name:
                return file
        near = close_names(name, paths)
        raise NotFoundError(
            f"Artifact {self.name!r} has no file {name[:200]!r}.",
            hint=f"Did you mean {' or '.join(near)}?" if near else None,
            suggestions=near,
        )

    def _missing(self, file: ArtifactFile) -> NotFoundError:
        return NotFoundError(
            f"The bytes of file {file.path!r} of artifact {self.name!r} are not in the store ({file.digest}).",
            hint="They may have been removed from its blobs by hand, or not copied with it.",
        )

    def __repr__(self) -> str:
        count = f"{len(self.files)} file{'' if len(self.files) == 1 else 's'}"
        return f"<StoredArtifact {self.name!r} version {self.version}: {self.kind}, {count}, {self.size:,} bytes>"
