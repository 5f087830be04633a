"""What the figures were measured on: machine, versions, date. Nothing here names the host or its user."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.environments import REPOSITORY, cache_folder


def description() -> dict[str, str]:
    """Return labelled facts."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "machine": f"{_processor()}, {os.cpu_count()} virtual cores, {_memory_gib()} GiB",
        "system": f"{platform.system()} {platform.release()}, {_file_system(cache_folder())}",
        "Python": f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "load before": " ".join(f"{each:.1f}" for each in os.getloadavg())
        + " (1, 5, 15 min; above 0.5 means that other work ran beside)",
    }


def trackrecord_version() -> str:
    """Return our own version."""
    said = subprocess.run(
        [sys.executable, "-c", "import trackrecord; print(trackrecord.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.strip()


def _commit() -> str:
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.strip()


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1].strip() if found else platform.machine()


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _file_system(folder: Path) -> str:
    """Return the kind of the file system that the work folder lies on."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return "file system unknown"
    fitting = [
        (len(place), kind) for place, kind in mounts if folder == Path(place) or Path(place) in folder.parents
    ]
    return max(fitting)[1] if fitting else "file system unknown"
