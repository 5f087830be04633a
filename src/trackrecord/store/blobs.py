"""The blobs of an embedded store: bytes by digest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trackrecord.journal import blobfile


class FileBlobs:
    """Bytes by digest in a folder, as ``contract.Blobs`` asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path | None:
        """Return the file that holds these bytes, or None when they are not here.

        Raises FormatError when ``digest`` is none.
        """
        path = Path(blobfile.blob_path(str(self.folder), digest))
        return path if path.is_file() else None

    def read(self, digest: str) -> Iterator[bytes]:
        """Yield the bytes in pieces. Raises NotFoundError when they are not here."""
        return blobfile.read_pieces(str(self.folder), digest)

    def put(self, data: bytes) -> str:
        """Keep some bytes and return their digest. Raises OSError when the disk refuses."""
        return blobfile.put_bytes(str(self.folder), data).digest
