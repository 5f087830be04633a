"""Values like those that training logs, as columns: what compresses in them is what compresses in real ones.

The mix of 20 metrics, as the disk row states it:

- 5 losses, falling, with the noise of a batch, computed in float32;
- 4 accuracies, k of n with n of 64, 1,000, 10,000;
- 2 learning rates: a cosine with warm-up, and steps;
- 2 gradient norms, log-normal, full float64;
- 2 counters: samples seen, tokens seen;
- 2 of time: seconds of a step, samples per second, full float64;
- 1 constant; 1 that is constant for long and then moves (a loss scale);
- 1 with a full random mantissa, which nothing can compress.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

STATED_MIX = (
    "5 losses (float32 noise), 4 accuracies k/n, 2 learning-rate schedules, 2 gradient norms (float64), 2 counters, "
    "2 times, 1 constant, 1 loss scale, 1 random full-mantissa float64"
)


def columns(steps: int, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return the 20 metrics of one run, each a float64 array with one value a step."""
    import numpy as np

    random = np.random.default_rng(seed)
    step = np.arange(steps)
    progress = step / max(1, steps)
    found: dict[str, Any] = {}
    for name in ("train/loss", "train/loss_class", "train/loss_box", "val/loss", "train/loss_aux"):
        start, floor, pace = random.uniform(1, 8), random.uniform(0.02, 0.5), random.uniform(2, 9)
        curve = floor + start * np.exp(-pace * progress)
        found[name] = (curve * random.lognormal(0, 0.12, steps)).astype(np.float32).astype(np.float64)
    for name, of in (
        ("train/accuracy", 64),
        ("train/top5", 64),
        ("val/accuracy", 10_000),
        ("val/recall", 1_000),
    ):
        share = 0.1 + random.uniform(0.5, 0.88) * (1 - np.exp(-6 * progress))
        found[name] = random.binomial(of, share) / of
    warm = np.minimum(1.0, (step + 1) / max(1, steps // 20))
    found["lr/backbone"] = 1e-3 * warm * 0.5 * (1 + np.cos(np.pi * progress))
    found["lr/head"] = 0.1 * 0.1 ** np.floor(progress * 4)
    found["grad/norm"] = random.lognormal(0, 0.4, steps) * (0.3 + np.exp(-3 * progress))
    found["grad/max"] = random.lognormal(-2, 0.7, steps)
    found["samples"] = (step + 1) * 64.0
    found["tokens"] = np.cumsum(random.integers(9_000, 16_384, steps)).astype(np.float64)
    seconds = 0.21 * random.lognormal(0, 0.03, steps)
    found["time/step_s"] = seconds
    found["time/samples_per_s"] = 64 / seconds
    found["batch_size"] = np.full(steps, 64.0)
    found["loss_scale"] = 2.0 ** (16 - np.floor(progress * 3))
    found["noise"] = random.standard_normal(steps)
    return found
