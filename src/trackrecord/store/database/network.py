"""Whether a folder lies on a file system that several hosts share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: "1": treat every store as shared; "0": none
VARIABLE = "TRACKRECORD_NETWORK_STORE"
_SHARED = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "virtiofs", "vboxsf"),
        *(
            "lustre",
            "gpfs",
            "beegfs",
            "ceph",
            "glusterfs",
            "pvfs2",
            "orangefs",
            "ocfs2",
            "gfs2",
            "panfs",
            "wekafs",
        ),
        *(
            "fuse.sshfs",
            "fuse.glusterfs",
            "fuse.ceph",
            "fuse.cephfs",
            "fuse.s3fs",
            "fuse.gcsfuse",
            "fuse.juicefs",
        ),
        *("fuse.rclone", "fuse.moosefs", "fuse.lizardfs", "fuse.beegfs", "fuse.davfs", "davfs", "fuse.weed"),
    )
)


def is_shared(folder: Path) -> bool:
    """Tell whether a folder (or where it would be made) is on a network file system.

    ``TRACKRECORD_NETWORK_STORE`` set to 1 or 0 decides; else the system's table of mounts, where there is one.
    """
    said = os.environ.get(VARIABLE, "")
    if said:
        return said not in ("0", "no", "false", "off")
    return file_system_of(folder) in _SHARED


def file_system_of(folder: Path) -> str:
    """Return the type of the file system of a folder, as ``/proc/mounts`` names it; "" where that is not known."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        table = Path("/proc/self/mounts").read_bytes()
    except OSError:
        return ""
    path = os.fsencode(os.path.realpath(folder))
    best, kind = b"", b""
    for line in table.splitlines():
        fields = line.split(b" ")
        if len(fields) < 3:
            continue
        mounted = _unescaped(fields[1])
        inside = path == mounted or path.startswith(mounted.rstrip(b"/") + b"/")
        # of several on one place the last one is what is seen
        if inside and len(mounted) >= len(best):
            best, kind = mounted, fields[2]
    return kind.decode("ascii", "replace")


def _unescaped(text: bytes) -> bytes:
    for escaped, plain in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        text = text.replace(escaped, plain)
    return text
