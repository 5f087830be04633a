"""The smallest useful recording: fit a line by gradient descent, and see how fast it gets there."""

from __future__ import annotations

import random

import trackrecord as tr


def main() -> None:
    """Fit y = 2x + 1 under noise and record how far off the line is after every pass."""
    noise = random.Random(42)
    points = [(x / 20, 2 * x / 20 + 1 + noise.gauss(0, 0.1)) for x in range(-20, 21)]
    rate, passes = 0.3, 40

    with tr.init(
        "first-steps", params={"learning_rate": rate, "passes": passes}, hypothesis="40 passes are enough"
    ) as run:
        tr.define_metric("loss", goal="min", primary=True)
        slope = intercept = 0.0
        for number in range(passes):
            errors = [slope * x + intercept - y for x, y in points]
            run.log({"loss": sum(error**2 for error in errors) / len(points)}, step=number)
            slope -= rate * 2 * sum(e * x for e, (x, _) in zip(errors, points, strict=True)) / len(points)
            intercept -= rate * 2 * sum(errors) / len(points)
        run.summary["slope"] = slope
        run.summary["intercept"] = intercept

    print(f"y = {slope:.2f} x + {intercept:.2f}; see it with: trackrecord show {run.id[-8:]}")


if __name__ == "__main__":
    main()
