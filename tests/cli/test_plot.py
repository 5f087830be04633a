"""``trackrecord plot`` as a real process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Call, clean_environment


def test_draws_the_primary_metric(call: Call) -> None:
    """Without --metric the primary metric is drawn, with ticks at both axes and a legend with figures."""
    lines = call("plot", "fast-0", "--width", "60", "--height", "8").stdout.splitlines()

    assert lines[0] == "val/accuracy ↑ [share]"
    assert all(len(line) <= 60 for line in lines[1:11])
    assert any(0x2800 < ord(character) < 0x2900 for line in lines[1:9] for character in line)
    assert any(line.startswith(("0.8 ┤", "0.9 ┤")) for line in lines)
    assert any(line.strip().startswith("━━ fast-0 (") and "best 0.975" in line for line in lines)


def test_rising_curve_rises(call: Call) -> None:
    """What is drawn is the curve: a rising one begins at the bottom left and ends at the top right."""
    rows = call("plot", "fast-0", "--width", "60", "--height", "8").stdout.splitlines()[1:9]
    pictures = [row.split("┤")[-1].split("│")[-1] for row in rows]

    assert pictures[-1][:2].strip("\u2800 ")
    assert not pictures[0][:10].strip()
    assert len(pictures[0].rstrip()) > len(pictures[-1].rstrip())


def test_several_runs_without_colour_are_letters(call: Call) -> None:
    """Without colours each curve is drawn in a letter of its own, which the legend explains."""
    shown = call("plot", "fast-0", "slow-0", "-m", "val/loss", "--log-y").stdout

    assert "val/loss ↓, logarithmic" in shown
    assert "  a fast-0 (" in shown
    assert "  b slow-0 (" in shown
    assert "bb" in shown


def test_json_has_every_point(call: Call) -> None:
    """--json has the curves as the HTTP API gives them."""
    found = json.loads(call("plot", "fast-0", "slow-1", "-m", "plain", "--json").stdout)

    assert len(found["series"]) == 2
    for series in found["series"]:
        assert series["metric"] == "plain"
        assert series["exact"] is True
        assert series["x"] == series["y"] == list(range(20))


def test_another_metric_as_x(call: Call) -> None:
    """--x takes a metric's name."""
    found = json.loads(call("plot", "fast-0", "-m", "val/accuracy", "--x", "plain", "--json").stdout)

    assert found["series"][0]["x"] == list(range(20))


_WITH_EPOCHS = """
import sys
import trackrecord as tr

for name, logs_epochs in (("counted", True), ("plain", False)):
    with tr.init("drawn", name=name, store=sys.argv[1]) as run:
        tr.define_metric("val/*", x="epoch")
        tr.define_metric("train/loss", x="relative")
        for step in range(4):
            run.log({"val/loss": 1 / (step + 1), "train/loss": 2.0, **({"epoch": step / 2} if logs_epochs else {})})
"""


def test_contract_says_the_x_axis(call: Call, tmp_path: Path) -> None:
    """Without --x a metric is drawn over its contract's x where the runs have it, else over steps, which is said."""
    script, store = tmp_path / "train.py", str(tmp_path / "store")
    script.write_text(_WITH_EPOCHS, encoding="utf-8")
    subprocess.run([sys.executable, str(script), store], env=clean_environment(), check=True, timeout=120)

    def plot(*arguments: str) -> str:
        done = call("plot", *arguments, "--store", store)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def x(*arguments: str) -> list[float]:
        found: list[float] = json.loads(plot(*arguments, "--json"))["series"][0]["x"]
        return found

    assert x("counted", "-m", "val/loss") == [0, 0.5, 1, 1.5]
    assert x("counted", "-m", "val/loss", "--x", "step") == [0, 1, 2, 3]
    assert x("plain", "-m", "val/loss") == [0, 1, 2, 3]
    assert all(0 <= second < 60 for second in x("plain", "-m", "train/loss"))
    assert "  over steps: epoch was not logged" in plot("plain", "-m", "val/loss")
    assert "  without epoch, which is x here: plain" in plot("counted", "plain", "-m", "val/loss")


def test_only_nan(call: Call) -> None:
    """A metric without a finite value says so instead of an empty picture."""
    done = call("plot", "only-one")

    assert done.returncode == 0
    assert "no finite value" in done.stdout
    assert "1 not finite" in done.stdout


def test_unknown_metric_suggests(call: Call) -> None:
    """A metric that none of the runs has is an error with a suggestion."""
    done = call("plot", "fast-0", "-m", "val/los")

    assert done.returncode == 1
    assert "did you mean val/loss?" in done.stderr
