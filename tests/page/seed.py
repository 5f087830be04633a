"""Fills a store through the SDK, as a training script would: six small runs of two experiments, one of them odd.

Run as a program: ``python seed.py STORE``.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import trackrecord as tr

MARKUP = "<img src=x onerror=document.title='taken'>"
PROJECT = 'digits / 100% "real" <b>'


def pixels(step: int) -> list[list[list[int]]]:
    """Return a small picture that differs from step to step."""
    return [[[(x * 8 + step * 20) % 256, y * 8, 128] for x in range(32)] for y in range(32)]


def record(store: str, number: int) -> None:
    """Record one run; number 1 logs every kind of value, number 2 fails, number 3 has odd names."""
    chance = random.Random(number)
    rate = (0.1, 0.01, 0.003)[number % 3]
    with tr.init(
        PROJECT,
        store=store,
        name=MARKUP if number == 3 else f"run-{number}",
        params={
            "optimizer": {"lr": rate, "name": ("sgd", "adam")[number % 2]},
            "model": "mlp",
            "seed": number,
        },
        group="odd" if number % 2 else "even",
        tags=["baseline"] if number == 1 else [MARKUP] if number == 3 else [],
        notes=MARKUP if number == 3 else None,
        experiment="two layers" if number % 2 else "one layer",
        system_metrics=False,
    ) as run:
        if number == 0:
            tr.define_metric("val/accuracy", goal="max", primary=True)
            tr.define_metric("val/loss", goal="min")
            tr.define_experiment(
                "one layer", hypothesis=f"64 units are enough {MARKUP}", conclusion="They are not."
            )
        for step in range(120):
            loss = 2.3 * math.exp(-step / (30 + 10 * number)) + chance.gauss(0.3, 0.02)
            run.log({"train/loss": loss, "val/loss": loss + 0.05, "val/accuracy": 1 - loss / 3}, step=step)
            print(f"\x1b[32mepoch {step}\x1b[0m loss {loss:.3f} <b>not bold</b>")
        run.summary["accuracy"] = 0.9 + number / 100
        if number == 1:
            record_everything(run)
        if number == 2:
            raise ValueError(f"loss is too high {MARKUP}")


def record_everything(run: tr.Run) -> None:
    """Log each kind of media, an artifact and a value that is no number."""
    for step in range(3):
        run.log(
            {
                "samples": tr.Image(pixels(step), caption=MARKUP),
                "weights": tr.Histogram([math.sin(i * (step + 1)) for i in range(200)]),
                "predictions": tr.Table(["id", "label"], [[1, "seven"], [2, MARKUP]]),
            },
            step=step,
        )
    run.log({"train/gradient": math.nan}, step=0)
    run.log({"train/gradient": 1.0}, step=1)
    run.log({"train/loss": "abc"})
    run.log_text("report", f"all well {MARKUP}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.txt")
        path.write_text(f"0.25 0.5 {MARKUP}\n")
        run.log_artifact(path, kind="model")


def record_all(store: str) -> None:
    """Record six runs."""
    for number in range(6):
        with suppress(ValueError):  # run 2 fails on purpose
            record(store, number)


if __name__ == "__main__":
    record_all(sys.argv[1])
