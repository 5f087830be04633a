"""When the build hook builds the page, and what it says when it cannot.

npm itself is replaced by a short script: these tests are about the decision and the messages. The real npm is
used by `make ui` and by the slow test in test_wheel.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")

NPM = """\
#!/bin/sh
echo "$@" >> "$NPM_CALLS"
[ "$1" = ci ] && exit "${NPM_CI_STATUS:-0}"
mkdir -p ../src/trackrecord/server/_ui
echo page > ../src/trackrecord/server/_ui/index.html
"""


@dataclass(frozen=True)
class Checkout:
    """A small project with the real hook, and a stand-in for npm that notes how it was called."""

    root: Path
    programs: Path

    def build(self, target: str = "wheel", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--target", target],
            cwd=self.root,
            env={
                **os.environ,
                "PATH": f"{self.programs}:/usr/bin:/bin",
                "NPM_CALLS": str(self.root / "npm-calls"),
                "TRACKRECORD_BUILD_UI": "auto",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def times_built(self) -> int:
        calls = self.root / "npm-calls"
        return calls.read_text().splitlines().count("run build") if calls.exists() else 0

    def wheel_names(self) -> list[str]:
        (wheel,) = (self.root / "dist").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.namelist()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout whose page was never built."""
    root = tmp_path / "checkout"
    for name in (
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
        ".gitignore",
        "scripts/ui_build.py",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "src/trackrecord").mkdir(parents=True)
    (root / "src/trackrecord/py.typed").touch()
    (root / "ui/src").mkdir(parents=True)
    (root / "ui/package.json").write_text('{"name": "page"}')
    (root / "ui/package-lock.json").write_text('{"packages": {"": {}}}')
    (root / "ui/src/main.ts").write_text("one")

    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"npm": NPM, "node": "#!/bin/sh\necho v24.1.0\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return Checkout(root, programs)


def test_page_is_built_once_and_again_after_an_edit(checkout: Checkout) -> None:
    """The page is built for a first wheel, not for a second, and again when one of its sources changed."""
    for expected in (1, 1):
        assert checkout.build().returncode == 0
        assert checkout.times_built() == expected
    (checkout.root / "ui/src/main.ts").write_text("two")
    assert checkout.build().returncode == 0
    assert checkout.times_built() == 2
    assert "trackrecord/server/_ui/index.html" in checkout.wheel_names()


def test_files_made_in_ui_do_not_count_as_sources(checkout: Checkout) -> None:
    """Installing packages or running the page's tests does not make the built page stale."""
    checkout.build()
    for name in ("node_modules/left/index.js", "coverage/report.html", ".cache/x", "src/a.tsbuildinfo"):
        path = checkout.root / "ui" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("made")
    assert checkout.build().returncode == 0
    assert checkout.times_built() == 1


def test_force_builds_a_fresh_page_again(checkout: Checkout) -> None:
    """`TRACKRECORD_BUILD_UI=force` builds even what is up to date."""
    checkout.build()
    assert checkout.build(TRACKRECORD_BUILD_UI="force").returncode == 0
    assert checkout.times_built() == 2


def test_skip_makes_a_wheel_without_the_page(checkout: Checkout) -> None:
    """`TRACKRECORD_BUILD_UI=skip` calls no npm and gives a wheel of the Python side alone."""
    assert checkout.build(TRACKRECORD_BUILD_UI="skip").returncode == 0
    assert checkout.times_built() == 0
    assert not [name for name in checkout.wheel_names() if "_ui/" in name]


def test_unknown_setting_is_refused_with_the_known_ones(checkout: Checkout) -> None:
    """A mistyped setting stops the build and names what may be said."""
    ended = checkout.build(TRACKRECORD_BUILD_UI="no")
    assert ended.returncode != 0
    assert "TRACKRECORD_BUILD_UI is 'no'; it may be auto, force, skip." in ended.stdout + ended.stderr


def test_failed_build_says_what_to_do_and_shows_no_traceback(checkout: Checkout) -> None:
    """A wheel whose page cannot be built fails with the step that failed and two ways out."""
    ended = checkout.build(NPM_CI_STATUS="7")
    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "could not be built: 'npm ci --ignore-scripts --omit=dev' in ui/ ended with 7." in output
    assert "TRACKRECORD_BUILD_UI=skip" in output
    assert "pip install trackrecord" in output
    assert "Traceback" not in output


def test_editable_install_goes_on_without_the_page(checkout: Checkout) -> None:
    """Whoever works on the Python side gets an editable install and a warning, not an error."""
    ended = checkout.build("wheel:editable", NPM_CI_STATUS="7")
    assert ended.returncode == 0
    assert "could not be built" in ended.stdout + ended.stderr


def test_build_cut_short_is_done_again(checkout: Checkout) -> None:
    """A bundle without its stamp, as an interrupted build leaves it, is not taken for a finished one."""
    checkout.build()
    (checkout.root / "src/trackrecord/server/_ui/.sources.sha256").unlink()
    assert checkout.build().returncode == 0
    assert checkout.times_built() == 2
