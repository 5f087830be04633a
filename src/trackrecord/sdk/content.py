"""Where the bytes of media and artifacts go: small ones into the journal, others into the store's ``blobs/``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from trackrecord.journal.blobfile import put_bytes
from trackrecord.journal.format import LONGEST_CONTENT, encode_content
from trackrecord.journal.place import BLOBS
from trackrecord.journal.writer import JournalWriter


def keep_content(content: bytes, writer: JournalWriter, store: Path) -> str:
    """Keep bytes and return their digest, ``sha256:<hex>``.

    When this returns they survive the end of the process. Raises OSError where the disk does not take them.
    """
    digest = hashlib.sha256(content)
    if len(content) <= LONGEST_CONTENT:
        writer.append(encode_content(digest.digest(), content))
        return f"sha256:{digest.hexdigest()}"
    return put_bytes(str(store / BLOBS), content).digest
