"""The public names: they exist, say what they mean, and their examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path

import pytest

import trackrecord as tr
from tests.recorded import python

_RUN_DOCTESTS = """
import doctest, importlib, json, sys
options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
results = {}
for name in sys.argv[1:]:
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=options)
    results[name] = [failed, tried]
print("results:", json.dumps(results))
"""


def _modules() -> list[str]:
    names = ["trackrecord"]
    names += [module.name for module in pkgutil.walk_packages(tr.__path__, "trackrecord.")]
    return [name for name in names if not name.endswith("__main__")]


@pytest.mark.parametrize("name", [name for name in tr.__all__ if not name.startswith("__")])
def test_every_public_name_says_what_it_means(name: str) -> None:
    """Each name in __all__ is there and has a docstring of its own; so have the public methods of its class."""
    value = getattr(tr, name)
    assert inspect.getdoc(value), name
    if inspect.isclass(value):
        for method, function in vars(value).items():
            if not method.startswith("_") and callable(function):
                assert inspect.getdoc(function), f"{name}.{method}"


def test_the_version_is_the_package_s() -> None:
    """What the package says of itself is what is written into journals."""
    assert tr.__version__.count(".") >= 2
    assert "__version__" in tr.__all__
    assert set(tr.__all__) <= set(dir(tr))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        tr.nonsense  # noqa: B018


def test_examples_in_docstrings_run(tmp_path: Path) -> None:
    """Every example of every module gives what it says, in a store of its own."""
    done = python(tmp_path, _RUN_DOCTESTS, *_modules(), expect=None)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout.rsplit("results:", 1)[1])
    assert {name: counts for name, counts in results.items() if counts[0]} == {}, done.stdout
    assert results["trackrecord.sdk.run"][1] > 0
    assert results["trackrecord.sdk.start"][1] > 0


def test_examples_are_found_where_names_are_imported_from() -> None:
    """The finder sees the examples of the module that it is given, so that none is skipped in silence."""
    module = importlib.import_module("trackrecord.words.ids")
    assert sum(len(test.examples) for test in doctest.DocTestFinder().find(module)) >= 2
    assert "trackrecord" in sys.modules
