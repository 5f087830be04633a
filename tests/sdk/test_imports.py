"""What recording loads into the training process: parts of the standard library, named here, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.recorded import python

#: what recording loads of the standard library, with what these modules load themselves
USUAL = {
    "array", "atexit", "audioop", "bz2", "chunk", "collections", "contextlib", "copyreg", "encodings", "enum",
    "errno", "fcntl", "fnmatch", "functools", "glob", "grp", "hashlib", "heapq", "importlib", "ipaddress",
    "itertools", "json", "keyword", "locale", "lzma", "math", "ntpath", "operator", "pathlib", "platform",
    "pwd", "queue", "re", "reprlib", "select", "selectors", "shutil", "signal", "sre_compile", "sre_constants",
    "sre_parse", "struct", "subprocess", "threading", "types", "typing", "urllib", "warnings", "wave",
    "weakref", "zlib",
}  # fmt: skip
#: what it may load besides: for exceptions, fallback stores, other systems and other versions of Python
SOMETIMES = {
    "annotationlib", "ast", "bisect", "compression", "linecache", "msvcrt", "nt", "opcode", "random",
    "resource", "tempfile", "textwrap", "token", "tokenize", "traceback", "winreg",
}  # fmt: skip
ALLOWED = USUAL | SOMETIMES

_USE = """
import sys
before = set(sys.modules)
import trackrecord as tr
if len(sys.argv) > 1:
    with tr.init("p", params={"a": {"b": 1}}, tags=["t"], experiment="e", hypothesis="h") as run:
        run.log({"x": 1, "nested": {"y": 2.5}}, step=3)
        run.log({"odd": "text", "list": [1, 2]})
        run.log({"image": tr.Image([[0, 1]]), "table": tr.Table([{"a": 1}]), "sound": tr.Audio([0.0])})
        run.summary["accuracy"] = 0.9
        run.log_artifact(__file__)
        run.define_metric("x", goal="max")
        run._writer.tend()
        print("hello")
        from trackrecord.sdk import keeper
        keeper.drain()
print("loaded:", *sorted(name for name in set(sys.modules) - before))
"""


@pytest.mark.parametrize("used", [False, True], ids=["imported", "used"])
def test_only_named_modules_of_the_standard_library_are_loaded(tmp_path: Path, used: bool) -> None:
    """Importing, and recording all there is to record, loads no database, no event loop, no numpy, nothing foreign."""
    done = python(tmp_path, _USE, *(["use"] if used else []))
    loaded = done.stdout.rsplit("loaded:", 1)[1].split()
    foreign = {
        name.split(".")[0]
        for name in loaded
        if name.split(".")[0] not in ALLOWED and not name.startswith(("trackrecord", "_"))
    }
    assert foreign == set()
    assert {name.split(".")[0].removeprefix("_") for name in loaded if name.startswith("_")} <= {
        name.removeprefix("_") for name in sys.stdlib_module_names
    }
    ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("trackrecord.")}
    assert ours <= {"trackrecord.words", "trackrecord.journal", "trackrecord.sdk"}
    assert not {"sqlite3", "asyncio", "numpy", "ssl", "socket"} & set(loaded)


def test_importing_costs_little_more_than_an_interpreter(tmp_path: Path) -> None:
    """What only some runs need (media, artifacts, facts, subprocess) is not loaded by the import."""
    loaded = python(tmp_path, _USE).stdout.rsplit("loaded:", 1)[1].split()
    late = {"subprocess", "wave", "platform", "shutil", "trackrecord.sdk.media", "trackrecord.sdk.gathering"}
    assert late & set(loaded) == set()
