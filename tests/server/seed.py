"""A program that records what the tests of the server look at. Its one argument is the store's folder."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import trackrecord as tr

ODD_PROJECT = 'team "ä"/π & <b>'
ODD_NAME = "run/with 'quotes' & ünï/code?#"


def main(store: str) -> None:
    """Record 25 plain runs, then odd ones."""
    for seed in range(25):
        with tr.init(
            "digits",
            name=f"mlp-{seed}",
            params={"seed": seed, "optimizer": {"name": "adam", "lr": 0.1 / (seed + 1)}},
            group="mlp",
            store=store,
            console=False,
            system_metrics=False,
        ) as run:
            run.define_metric("val/accuracy", goal="max", primary=True, unit="%", low=0, high=1)
            for epoch in range(20):
                run.log({"val/accuracy": (epoch + seed) / 50, "train/loss": 1 / (epoch + 1)}, step=epoch)
            run.summary["accuracy"] = (19 + seed) / 50
    odd(store)
    failing(store)
    print(flush=True)


def odd(store: str) -> None:
    """Record a run of odd names and values, with everything a run can hold, and a run inside of it."""
    with tr.init(
        ODD_PROJECT,
        name=ODD_NAME,
        params={"huge": 2**60, "limit": math.inf, "hole": math.nan, "layers": [64, 32], "none": None},
        tags=["ü/ber"],
        experiment="one layer",
        hypothesis="Odd names survive",
        store=store,
        system_metrics=False,
    ) as run:
        for step, value in enumerate([1.0, math.nan, math.inf, -math.inf, 2.0]):
            run.log({"odd/λ loss,x": value}, step=step)
        for step in range(100_000):
            run.log({"long": math.sin(step / 1000)}, step=step)
        print("first line")
        print("\x1b[31mred\x1b[0m line")
        for step in range(3):
            run.log_text("notes/of the day", f"text {step}", step=step)
            run.log({"samples": tr.Image(PNG, caption=f"picture {step}")}, step=step)
        page = Path(store).parent / "evil.html"
        page.write_text("<script>alert(1)</script>")
        run.log_artifact(page, name="evil.html", kind="page")
        with tr.init(ODD_PROJECT, name="inner", parent=run, store=store, console=False, system_metrics=False):
            pass


def failing(store: str) -> None:
    """Record a run that ends by an exception."""
    try:
        with tr.init("failures", name="broken", store=store, console=False, system_metrics=False):
            raise ValueError("this is the reason")
    except ValueError:
        pass


#: one red pixel
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)

if __name__ == "__main__":
    main(sys.argv[1])
