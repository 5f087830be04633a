"""How large an installation is, with all that it depends on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.bench import Bench, Figures, Reach, Row
from benchmarks.environments import REPOSITORY, cache_folder, python_of
from benchmarks.sides import TRACKRECORD

TITLE = "Installed size"
QUESTION = (
    "Megabytes of the packages of a fresh environment after `pip install`, compiled files included; pip and setuptools "
    "are not counted."
)
_NOT_COUNTED = (
    "pip",
    "pip-",
    "setuptools",
    "setuptools-",
    "pkg_resources",
    "_distutils_hack",
    "distutils-precedence",
)


def run(bench: Bench) -> Row:
    """Install our wheel into a new environment and add it up; peers' environments are there already."""
    python = _installed(bench)
    ours, parts = _size(python)
    lines = [
        [
            "Trackrecord",
            f"{ours / 1e6:.1f}",
            ", ".join(f"{name} {size / 1e6:.0f}" for name, size in parts[:4]),
        ]
    ]
    figures: dict[str, Figures] = {TRACKRECORD.name: {"bytes": ours}}
    seen = set()
    for side in bench.peers:
        if side.folder in seen:
            continue
        seen.add(side.folder)
        size, parts = _size(python_of(side))
        figures[side.name] = {"bytes": size}
        largest = ", ".join(f"{name} {each / 1e6:.0f}" for name, each in parts[:4])
        lines.append(
            [" + ".join(each for each in side.requires if "==" in each), f"{size / 1e6:.1f}", largest]
        )
    return Row(
        ["installed", "MB", "largest parts, MB"],
        lines,
        [Reach("base package with dependencies", "under 150 MB", f"{ours / 1e6:.1f} MB", ours < 150e6)],
        [
            "W&B's, Trackio's, SwanLab's, Sacred's and Neptune's environments hold numpy, which the benchmarks need."
        ],
        figures,
    )


def _installed(bench: Bench) -> Path:
    """Build our wheel and install it. A quick run, which may be offline, adds up the environment it runs in."""
    if bench.quick:
        return Path(sys.executable)
    folder = bench.new_folder("installed")
    wheels = bench.new_folder("wheels")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(REPOSITORY)])
    (wheel,) = wheels.glob("*.whl")
    _run([sys.executable, "-m", "venv", str(folder)])
    python = folder / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)])
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cache_folder())
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-500:]}")


def _size(python: Path) -> tuple[int, list[tuple[str, int]]]:
    """Return the bytes of an environment's packages, and the largest ones first."""
    (packages,) = python.parent.parent.glob("lib/python3.*/site-packages")
    parts = []
    for entry in packages.iterdir():
        if entry.name.startswith(_NOT_COUNTED):
            continue
        files = [entry] if entry.is_file() else [path for path in entry.rglob("*") if path.is_file()]
        parts.append((entry.name, sum(path.lstat().st_size for path in files)))
    parts.sort(key=lambda each: -each[1])
    return sum(size for _, size in parts), parts
