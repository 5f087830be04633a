"""What the facts of a process are and how each is found. Imported by the thread that gathers them, not before."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import Any

from trackrecord.journal.process import host_name

GIT_LIMIT_S = 10.0


def gather(part: str, folder: str) -> Any:
    """Return one part of the facts, as seen from a working folder; None when there is nothing to say."""
    return _PARTS[part](folder)


def process_facts(folder: str) -> dict[str, Any]:
    """Return how the process was started."""
    script = sys.argv[0] if sys.argv else ""
    return {
        "script": os.path.abspath(script) if script and script not in ("-c", "-m") else None,
        "folder": folder,
    }


def python_facts(_folder: str) -> dict[str, Any]:
    """Return which Python runs."""
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "environment": sys.prefix if sys.prefix != sys.base_prefix else os.environ.get("CONDA_PREFIX"),
    }


def host_facts(_folder: str) -> dict[str, Any]:
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


def installed_packages(folder: str) -> dict[str, str]:
    """Return installed packages with versions, from the names of their metadata folders: quick, and runs nothing."""
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            names = os.listdir(place or folder)
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
    """Return commit, branch and whether the working tree differs; None outside of a repository or without git."""
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


_PARTS = {
    "process": process_facts,
    "python": python_facts,
    "host": host_facts,
    "packages": installed_packages,
    "git": git_facts,
}
PARTS = tuple(_PARTS)
