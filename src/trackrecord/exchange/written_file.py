"""Writing what a store holds to a file of the user's, whole and verified, or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trackrecord.words.errors import FormatError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store


def write_blob(store: Store, digest: str, target: Path) -> None:
    """Write the bytes of a digest to ``target``, which is replaced only by all of them, checked.

    Raises NotFoundError when they are not in the store, FormatError when they are not what their digest says,
    OSError when the file can't be written.
    """
    # Beside the target, so that renaming stays in one file system; a name of its own, since the target's may be
    # as long as a name can be.
    partial = target.parent / f".partial.{os.urandom(8).hex()}"
    hasher = hashlib.sha256()
    try:
        with partial.open("xb") as file:
            for piece in store.blobs.read(digest):
                hasher.update(piece)
                file.write(piece)
        found = f"sha256:{hasher.hexdigest()}"
        if found != digest:
            raise FormatError(
                f"The store's bytes of {digest} are damaged: they make {found}; {target} was not written.",
                hint="Its disk may be failing; restore this file of the store's blobs from a backup.",
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
