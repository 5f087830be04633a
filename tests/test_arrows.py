"""The direction of imports between packages, as the design has it: what is recorded never depends on who reads it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "trackrecord"

#: package to the packages of ours that it may import; arrows lead towards `words` only
MAY_IMPORT: dict[str, set[str]] = {
    "words": set(),
    "journal": {"words"},
    "sdk": {"words", "journal"},
    "store": {"words", "journal"},
    "query": {"words", "journal", "store"},
    "analysis": {"words", "query"},
    "exchange": {"words", "journal", "store", "query", "analysis"},
    "lifecycle": {"words", "journal", "store", "query", "version"},
    "reading": {"words", "journal", "store", "query", "analysis", "exchange", "lifecycle"},
    "shapes": {"words", "journal", "store", "query", "analysis", "lifecycle"},
    "server": {
        "words",
        "journal",
        "store",
        "query",
        "analysis",
        "exchange",
        "lifecycle",
        "reading",
        "shapes",
        "version",
    },
    "cli": {
        "words",
        "journal",
        "store",
        "query",
        "analysis",
        "exchange",
        "lifecycle",
        "reading",
        "shapes",
        "server",
        "version",
        "demo",
    },
    "demo": {"trackrecord", "words", "reading"},
    "integrations": {"trackrecord", "words"},
    "__main__": {"cli"},
    # the public face: what records at once, what reads when it is first asked for
    "trackrecord": {"words", "sdk", "reading"},
}
#: the version is one constant, which any view may show
VERSION = "trackrecord.sdk.version"
#: packages that a training process loads
STANDARD_LIBRARY_ONLY = {"words", "journal", "sdk", "trackrecord"}
#: the one file of the journal that takes rows by the million
WITH_NUMPY = {"journal/bulk.py", "journal/resync.py"}


def _package(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return "trackrecord" if first == "__init__.py" else first.removesuffix(".py")


def _imports(path: Path) -> list[tuple[str, bool]]:
    """Return (module, whether at the top of the file) of each import, those inside of functions included."""
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            # `from trackrecord.server import rows` imports a module, as far as can be seen from here
            if node.module in ("trackrecord", *(f"trackrecord.{name}" for name in MAY_IMPORT)):
                found += [(f"{node.module}.{alias.name}", id(node) in top) for alias in node.names]
            else:
                found.append((node.module, id(node) in top))
    return found


def _target(module: str) -> str:
    """Return the package of ours that a module belongs to."""
    if module == VERSION or module.startswith(VERSION + "."):
        return "version"
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in MAY_IMPORT else "trackrecord"


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_arrows_lead_one_way(path: Path) -> None:
    """A file imports only what its package may; what training loads imports the standard library only."""
    package = _package(path)
    assert package in MAY_IMPORT, f"{package} is not in the table: where does it belong?"
    wrong = []
    for module, _ in _imports(path):
        root = module.split(".")[0]
        if root == "numpy" and path.relative_to(SOURCE).as_posix() in WITH_NUMPY:
            continue
        if root == "trackrecord":
            target = _target(module)
            if target not in {package, "version"} | MAY_IMPORT[package]:
                wrong.append(module)
        elif package in STANDARD_LIBRARY_ONLY and root not in sys.stdlib_module_names:
            wrong.append(module)
    assert wrong == []


def test_the_command_line_loads_the_server_only_when_asked() -> None:
    """No file of the command line imports, at its top, what loads the web server: `ls` must not wait for it.

    The shapes of answers, which `--json` shares with the API, are a package of their own.
    """
    heavy = {
        "trackrecord." + ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for path in (SOURCE / "server").rglob("*.py")
        if {module.split(".")[0] for module, _ in _imports(path)} & {"starlette", "uvicorn"}
    }
    early = [
        (path.name, module)
        for path in (SOURCE / "cli").rglob("*.py")
        for module, at_top in _imports(path)
        if at_top and any(module == name or module.startswith(name + ".") for name in heavy)
    ]
    assert heavy
    assert early == []


def test_the_table_has_no_circle() -> None:
    """Following the arrows of the table never leads back (the public face, which the demo uses, is apart)."""
    order: list[str] = []
    left = {package: set(targets) - {"version", "trackrecord"} for package, targets in MAY_IMPORT.items()}
    while left:
        free = sorted(package for package, targets in left.items() if targets <= set(order))
        assert free, f"a circle among {sorted(left)}"
        order += free
        for package in free:
            del left[package]
