"""Facts of the process: code, Python, packages, host. Gathered once a process and repository, in the background.

Each part is bounded in time, and failing to find one never hurts the others or the run.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trackrecord.journal.blobfile import put_bytes
from trackrecord.journal.format import Kind, dump_json
from trackrecord.journal.place import BLOBS
from trackrecord.journal.process import host_name
from trackrecord.journal.writer import JournalWriter

GIT_LIMIT_S = 10.0
#: longer parts lie behind a digest, so that equal ones of many runs are stored once
LONGEST_INLINE = 2048


class Facts:
    """The facts of this process as seen from one working folder, gathered by a thread of their own."""

    def __init__(self, folder: str) -> None:
        self._parts: dict[str, Any] = {}
        self._digests: dict[tuple[str, str], str] = {}
        self._ready = threading.Event()
        threading.Thread(target=self._gather, args=(folder,), name="trackrecord-facts", daemon=True).start()

    def is_ready(self) -> bool:
        """Tell whether everything is known."""
        return self._ready.is_set()

    def wait(self, limit_s: float) -> None:
        """Wait until everything is known, at most ``limit_s`` seconds."""
        self._ready.wait(limit_s)

    def write(self, writer: JournalWriter, store: Path) -> None:
        """Write all parts to a journal, long ones by digest."""
        for part, value in self._parts.items():
            text = dump_json(value)
            if len(text) <= LONGEST_INLINE:
                writer.append_structural(Kind.FACTS, {"part": part, "value": value, "digest": None})
                continue
            place = (part, str(store))
            try:
                if place not in self._digests:
                    self._digests[place] = put_bytes(str(store / BLOBS), text).digest
                writer.append_structural(Kind.FACTS, {"part": part, "value": None, "digest": self._digests[place]})
            except OSError:  # the disk does not take the blob: the journal keeps what waits in memory
                writer.append_structural(Kind.FACTS, {"part": part, "value": value, "digest": None})

    def _gather(self, folder: str) -> None:
        try:
            gatherers: dict[str, Callable[[], Any]] = {
                "process": lambda: process_facts(folder),
                "python": python_facts,
                "host": host_facts,
                "packages": installed_packages,
                "git": lambda: git_facts(folder),
            }
            for part, gather in gatherers.items():
                try:
                    value = gather()
                except Exception as error:  # one odd machine must not cost the other facts
                    value = {"problem": f"{type(error).__name__}: {error}"}
                if value:
                    self._parts[part] = value
        finally:
            self._ready.set()


_known: dict[str, Facts] = {}


def facts_here() -> Facts:
    """Return the facts as seen from the working folder; begins to gather them when they are not known yet."""
    try:
        folder = os.getcwd()
    except OSError:  # the folder was removed
        folder = os.path.expanduser("~")
    if folder not in _known:
        _known[folder] = Facts(folder)
    return _known[folder]


def after_fork() -> None:
    """Forget what a thread of the parent was gathering."""
    for folder in [folder for folder, facts in _known.items() if not facts.is_ready()]:
        del _known[folder]


def command_line() -> list[str]:
    """Return the command line of this process, as Python got it."""
    return list(getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv])


def user_name() -> str | None:
    """Return who runs this process, as the system knows them."""
    for variable in ("LOGNAME", "USER", "USERNAME"):
        if os.environ.get(variable):
            return os.environ[variable]
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return None


def process_facts(folder: str) -> dict[str, Any]:
    """Return how the process was started."""
    script = sys.argv[0] if sys.argv else ""
    return {
        "command": command_line(),
        "script": os.path.abspath(script) if script and script not in ("-c", "-m") else None,
        "folder": folder,
        "pid": os.getpid(),
        "started": time.time(),
    }


def python_facts() -> dict[str, Any]:
    """Return which Python runs."""
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "environment": sys.prefix if sys.prefix != sys.base_prefix else os.environ.get("CONDA_PREFIX"),
    }


def host_facts() -> dict[str, Any]:
    """Return which machine this is."""
    memory = None
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        pass
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:
        usable = os.cpu_count() or 1
    return {
        "name": host_name(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "usable_cpus": usable,
        "memory_bytes": memory,
    }


def installed_packages() -> dict[str, str]:
    """Return installed packages with versions, from the names of their metadata folders: quick, and runs nothing."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            stem, ending = os.path.splitext(name)
            if ending not in (".dist-info", ".egg-info") or "-" not in stem:
                continue
            package, _, version = stem.partition("-")
            found.setdefault(package.replace("_", "-").lower(), version.split("-py")[0])
    return dict(sorted(found.items()))


def git_facts(folder: str) -> dict[str, Any] | None:
    """Return commit, branch and whether the working tree differs from it; None outside of a repository or without git."""
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return None
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "root": root,
        "commit": _git(folder, "rev-parse", "--verify", "--quiet", "HEAD"),
        "branch": _git(folder, "symbolic-ref", "--short", "--quiet", "HEAD"),
        "dirty": None if status is None else bool(status),
        "remote": _without_secret(_git(folder, "config", "--get", "remote.origin.url")),
    }


def _git(folder: str, *arguments: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GIT_LIMIT_S,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _without_secret(url: str | None) -> str | None:
    """Take a user name and password out of an address."""
    if url and "://" in url and "@" in url.split("://", 1)[1].split("/", 1)[0]:
        scheme, rest = url.split("://", 1)
        return f"{scheme}://{rest.split('@', 1)[1]}"
    return url
