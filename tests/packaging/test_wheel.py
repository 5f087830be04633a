"""What a wheel and an sdist hold: the page, the licence and the type marker, each once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = "trackrecord/server/_ui/"

# What a build needs of a checkout; nothing that an earlier build left there.
SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore", "scripts", "src", "ui")
MADE = shutil.ignore_patterns("node_modules", "_ui", "dist", "__pycache__", ".*cache")

needs_page = pytest.mark.skipif(
    not (ROOT / "src" / PAGE / "index.html").is_file(),
    reason="the page is not built yet; `make ui` builds it",
)


def build_with_installed_tools(target: str, source: Path, into: Path, environment: dict[str, str]) -> Path:
    """Build without downloading anything and return the one file made."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    ended = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, timeout=150, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (made,) = into.iterdir()
    return made


def assert_complete(wheel: Path) -> None:
    """Check that everything a user needs is in the wheel, and nothing twice."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        index = archive.read(PAGE + "index.html").decode()
    twice = [name for name, count in Counter(names).items() if count > 1]
    assert twice == []

    scripts = [name for name in names if re.fullmatch(PAGE + r"assets/index-[\w-]{8}\.js", name)]
    assert len(scripts) == 1, f"one hashed start script expected, found {scripts}"
    assert scripts[0].removeprefix(PAGE) in index

    assert "trackrecord/py.typed" in names
    licences = [
        name for name in names if re.fullmatch(r"trackrecord-[^/]+\.dist-info/licenses/LICENSE", name)
    ]
    assert len(licences) == 1
    assert PAGE + "THIRD_PARTY_LICENSES.md" in names, "the licences of what is bundled must come with it"
    left_over = [name for name in names if name.endswith((".map", ".sha256", ".ts", ".tsx"))]
    assert left_over == []


@needs_page
def test_wheel_holds_page_licence_and_type_marker_once(tmp_path: Path) -> None:
    """A wheel made from a checkout whose page is built has everything in it, exactly once."""
    environment = {
        **os.environ,
        "TRACKRECORD_BUILD_UI": "skip",
    }  # the page as it is; making it is tested elsewhere
    assert_complete(build_with_installed_tools("wheel", ROOT, tmp_path / "wheel", environment))


@needs_page
def test_wheel_from_sdist_needs_no_node(tmp_path: Path) -> None:
    """Whoever installs a released sdist gets the page without Node and without any npm package."""
    environment = {**os.environ, "TRACKRECORD_BUILD_UI": "skip"}
    sdist = build_with_installed_tools("sdist", ROOT, tmp_path / "sdist", environment)
    with tarfile.open(sdist) as archive:
        assert not [name for name in archive.getnames() if "/node_modules/" in name or "/.venv/" in name]
        # The `filter` argument came with Python 3.11.4; newer ones warn when nothing is chosen.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)

    nothing = tmp_path / "nothing"
    nothing.mkdir()
    without_node = {**os.environ, "TRACKRECORD_BUILD_UI": "auto", "PATH": str(nothing)}
    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    assert_complete(build_with_installed_tools("wheel", unpacked, tmp_path / "wheel", without_node))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="hides Node by a PATH of symbolic links")
@pytest.mark.skipif(not (ROOT / "ui/package.json").is_file(), reason="there is no ui/ to build")
@pytest.mark.timeout(600)
def test_fresh_checkout_on_a_machine_without_node(tmp_path: Path) -> None:
    """Building from a checkout takes Node from PyPI where the machine has none (downloads about 61 MB)."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=MADE)
        else:
            shutil.copy(ROOT / name, checkout / name)

    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "env", "uname"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    environment = {
        **os.environ,
        "PATH": str(programs),
        "TRACKRECORD_BUILD_UI": "auto",
        "npm_config_cache": str(tmp_path / "npm-cache"),
    }

    into = tmp_path / "wheel"
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(into), str(checkout)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=580, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (wheel,) = into.iterdir()
    assert_complete(wheel)
