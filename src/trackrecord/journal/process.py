"""Who a process is, and whether it still lives. Used by writers to say it, by readers to check it."""

from __future__ import annotations

import os
import sys
from typing import Any


def this_process() -> dict[str, Any]:
    """Return the identity of this process, as docs/format.md's PROCESS."""
    pid = os.getpid()
    return {
        "host": host_name(),
        "boot": boot_id(),
        "pid": pid,
        "pid_namespace": _pid_namespace(),
        "started": process_start(pid),
    }


def host_name() -> str:
    """Return this machine's name, or ``unknown``."""
    if hasattr(os, "uname"):
        return os.uname().nodename or "unknown"
    return os.environ.get("COMPUTERNAME") or "unknown"


def boot_id() -> str | None:
    """Return what is new at every boot of this machine, or None where the system does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def process_start(pid: int) -> str | None:
    """Return when a process started, in the system's own count, or None where that is not known.

    Guards against pids that are used again.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # the name in parentheses may hold blanks and parentheses itself
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return None


def is_gone(process: dict[str, Any]) -> bool | None:
    """Tell whether a writer's process has ended: True, False, or None when that can't be known from here.

    It can be known only on the same host, since the same boot, in the same pid namespace. Another boot proves
    nothing: two machines of one name may share the folder.
    """
    pid = process.get("pid")
    if process.get("host") != host_name() or not isinstance(pid, int):
        return None
    if process.get("boot") != boot_id():
        return None
    if process.get("pid_namespace") != _pid_namespace():
        return None
    exists = _exists(pid)
    if exists is not True:
        return None if exists is None else True
    if _is_zombie(pid):
        return True
    started = process.get("started")
    return started is not None and started != process_start(pid)


def _pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _is_zombie(pid: int) -> bool:
    """Tell whether a process has ended and only waits for its parent to notice."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except (OSError, IndexError):
        return False


def _exists(pid: int) -> bool | None:
    if sys.platform == "win32":
        return _exists_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except OSError:
        return None
    return True


def _exists_on_windows(pid: int) -> bool | None:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    query_limited_information, still_active = 0x1000, 259
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    try:
        return bool(kernel.GetExitCodeProcess(handle, ctypes.byref(code)) and code.value == still_active)
    finally:
        kernel.CloseHandle(handle)
