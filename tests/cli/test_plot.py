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


def test_groups_have_a_line_a_band_and_n(call: Call) -> None:
    """--group-by draws one curve per group; the legend says n, what the line and the band are, and what is missing."""
    shown = call(
        "plot", "--project", "digits", "-m", "val/accuracy", "--group-by", "params.lr", "--width", "70"
    ).stdout

    assert "  a lr=0.01  n 3, last mean 0.5575" in shown
    assert "  b lr=0.1  n 3, last mean 0.985" in shown
    assert "line: mean of the runs that are there at each x" in shown
    assert "95 % interval of the mean (Student's t), none where n = 1" in shown
    picture = shown.splitlines()[1:17]
    assert any("a" in line.partition("│")[2] for line in picture)
    assert any("." in line.partition("│")[2] for line in picture)


def test_group_curves_as_json_are_those_of_the_api(call: Call) -> None:
    """--json with --group-by has the groups with their statistics, and no curves of runs."""
    arguments = ["-m", "val/accuracy", "-g", "group", "--stat", "median", "--band", "quantiles", "--json"]
    found = json.loads(call("plot", "--project", "digits", *arguments).stdout)

    assert found["series"] == []
    assert [group["group"] for group in found["groups"]] == ["fast", "slow"]
    assert set(found["groups"][0]["columns"]) == {"median", "q0.25", "q0.75"}
    assert found["groups"][0]["columns"]["median"][:2] == [0.51, 0.535]
    assert (found["shown"], found["matched"], found["said"]) == (6, 6, None)


def test_smoothing_is_drawn_and_said(call: Call) -> None:
    """--smooth and --smooth-length draw the smoothed curve, and the legend says how and over what length."""
    shown = call("plot", "fast-0", "-m", "val/loss", "--smooth-length", "4", "--smoothing", "gaussian").stdout
    assert "smoothed: gaussian, length 4 in units of x; the points and their extremes are not drawn" in shown
    by_strength = call("plot", "fast-0", "-m", "val/loss", "--smooth", "0.9").stdout
    assert "smoothed: ema, length 0.360666 in units of x (strength 0.9 of the range shown)" in by_strength
    found = json.loads(call("plot", "fast-0", "-m", "val/loss", "--smooth-length", "4", "--json").stdout)[
        "series"
    ][0]
    assert found["smooth"][0] == found["y"][0]
    assert found["smooth"][-1] > found["y"][-1]


def test_a_logarithmic_x_axis_says_what_it_leaves_out(call: Call) -> None:
    """--log-x has round powers below it, and counts the point at 0."""
    shown = call("plot", "fast-0", "-m", "val/loss", "--log-x", "--width", "60").stdout

    assert "step, logarithmic" in shown
    assert "left out: 1 point at x <= 0" in shown
    ticks = next(line for line in shown.splitlines() if line.strip().startswith("1 "))
    assert ticks.split() == ["1", "5"]


def test_runs_beyond_the_limit_are_said(call: Call) -> None:
    """Nothing is cut in silence: with --limit the chart says how many runs fit."""
    shown = call("plot", "--project", "digits", "-m", "plain", "--limit", "2").stdout
    assert "Of 6 runs that fit the first 2 are shown, ordered by created." in shown
    found = json.loads(call("plot", "--project", "digits", "-m", "plain", "--limit", "2", "--json").stdout)
    assert (len(found["series"]), found["shown"], found["matched"]) == (2, 2, 6)


def test_metrics_by_pattern(call: Call) -> None:
    """--pattern draws every metric whose name it is found in; one that fits none is an error."""
    found = json.loads(call("plot", "fast-0", "--pattern", "^val/", "--json").stdout)
    assert [each["metric"] for each in found["series"]] == ["val/accuracy", "val/loss"]
    for pattern in ("nothing like that", "("):
        done = call("plot", "fast-0", "--pattern", pattern)
        assert done.returncode != 0
        assert pattern in done.stderr


def test_options_that_contradict_each_other_are_refused(call: Call) -> None:
    """Two amounts of smoothing, a kind without an amount, an unknown grouping, a strength of 1."""
    for wrong in (
        ["--smooth", "0.5", "--smooth-length", "3"],
        ["--smoothing", "gaussian"],
        ["--group-by", "shoe size"],
        ["--smooth", "1"],
        ["--smooth-length", "-2"],
    ):
        done = call("plot", "fast-0", "-m", "val/loss", *wrong)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()
