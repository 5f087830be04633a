"""Each peer's own environment: made once from pinned versions, kept in the user's cache folder, never in the repo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.sides import Side

REPOSITORY = Path(__file__).parent.parent


def cache_folder() -> Path:
    """Return ``$XDG_CACHE_HOME/trackrecord-benchmarks``, made if it is not there."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "trackrecord-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def python_of(side: Side) -> Path:
    """Return the interpreter of a side's environment, which is installed if it is not there yet.

    Raises RuntimeError, with what the installer said last, when that fails.
    """
    if not side.requires:
        return Path(sys.executable)
    folder = cache_folder() / f"{side.folder}-py{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8").splitlines()[0] == " ".join(side.requires):
        return python
    print(f"installing {' '.join(side.requires)} into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _said([sys.executable, "-m", "venv", str(folder)])
    _said([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *side.requires])
    frozen = _said([str(python), "-m", "pip", "freeze", "--disable-pip-version-check"])
    stamp.write_text(" ".join(side.requires) + "\n" + frozen, encoding="utf-8")
    return python


def child_environment(side: Side, home: Path) -> dict[str, str]:
    """Return the environment of a side's process: no login of the user, nothing sent anywhere, own home folder."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if name in os.environ
    }
    bin_folder = str(python_of(side).parent)
    return {
        **kept,
        "PATH": os.pathsep.join([bin_folder, kept.get("PATH", os.defpath)]),
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "DO_NOT_TRACK": "1",
        # whatever would call home ends at a closed port of this machine
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
        **side.environment,
    }


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise RuntimeError(f"{' '.join(command[:4])} ... failed: {last[0]}")
    return done.stdout
