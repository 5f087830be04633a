"""A team's story in two experiments: can a small network tell noisy discs from noisy triangles, and what helps it?

First one hidden layer and 1,000 images, then two hidden layers and 2,000 images. Each experiment begins with a
hypothesis; its verdict and its conclusion are written from what was measured.

Run it with ``python -m trackrecord.demo.shapes``; ``--quick`` trains less.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neural_network import MLPClassifier

import trackrecord as tr

PROJECT = "shapes"
CLASSES = ("disc", "triangle")
SIDE = 24  # pixels
NOISE = 0.5  # standard deviation, where the shape is 1 brighter than what is around it
TEST_IMAGES = 1000
#: what the first experiment hopes for
WANTED_ACCURACY = 0.80
#: what the second experiment has to gain to be worth its cost
WANTED_GAIN = 0.02


def make_images(count: int, seed: int) -> tuple[Any, Any]:
    """Draw grey images of discs and triangles of any size, a little off the middle, a little turned, under noise.

    Returns images (count, SIDE, SIDE) and labels (count,). Both shapes cover the same area, so that brightness does
    not give them away.
    """
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    radius = random.uniform(4.5, 7.0, (count, 1, 1))
    turned = random.uniform(-0.5, 0.5, (count, 1, 1))
    center = random.uniform(-2.0, 2.0, (2, count, 1, 1)) + (SIDE - 1) / 2
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    down, right = rows - center[0], columns - center[1]
    disc = np.hypot(down, right) <= radius
    # An equilateral triangle is what lies within a distance of its center in three directions.
    within = radius * np.sqrt(np.pi / (3 * np.sqrt(3)))
    triangle = np.full(disc.shape, True)
    for direction in (turned, turned + 2 * np.pi / 3, turned + 4 * np.pi / 3):
        triangle &= right * np.sin(direction) + down * np.cos(direction) <= within
    shape = np.where(labels[:, None, None] == 1, triangle, disc)
    return shape + random.normal(0, NOISE, shape.shape), labels


def contact_sheet(images: Any, columns: int = 8, zoom: int = 3) -> Any:
    """Return images side by side as one array of bytes."""
    rows = [np.hstack(list(images[at : at + columns])) for at in range(0, len(images), columns)]
    sheet = np.kron(np.vstack(rows), np.ones((zoom, zoom)))
    return np.uint8(255 * np.clip((sheet + 1) / 3, 0, 1))


def train(experiment: str, params: dict[str, Any]) -> float:
    """Record one run and return its accuracy on images that no run has learned from."""
    seed = params["seed"]
    images, labels = make_images(params["images"], seed=1000 + seed)
    unseen, answers = make_images(TEST_IMAGES, seed=0)
    x, x_test = images.reshape(len(images), -1), unseen.reshape(len(unseen), -1)
    layers = tuple(params["hidden_layers"])
    name = f"{len(layers)}-layer{'s' if len(layers) > 1 else ''}-{seed}"
    with tr.init(
        PROJECT, params=params, experiment=experiment, group=experiment, name=name, tags=["demo"]
    ) as run:
        tr.define_metric("test/accuracy", goal="max", primary=True, low=0, high=1)
        tr.define_metric("*/loss", goal="min", low=0)
        run.log_image("samples", contact_sheet(images[:32]), caption=f"32 of {len(images)} images")
        model = MLPClassifier(
            layers, alpha=params["alpha"], learning_rate_init=params["lr"], random_state=seed
        )
        for epoch in range(params["epochs"]):
            model.partial_fit(x, labels, classes=[0, 1])
            run.log(
                {
                    "train/loss": log_loss(labels, model.predict_proba(x)),
                    "test/loss": log_loss(answers, model.predict_proba(x_test)),
                    "test/accuracy": accuracy_score(answers, model.predict(x_test)),
                },
                step=epoch,
            )
        # What counts is the network at the end: picking its best epoch by the test images would flatter it.
        accuracy = accuracy_score(answers, model.predict(x_test))
        run.summary["final_accuracy"] = accuracy
        wrong = np.flatnonzero(model.predict(x_test) != answers)[:32]
        if len(wrong):
            caption = (
                "taken for the other one: " + ", ".join(CLASSES[answers[at]] for at in wrong[:8]) + " ..."
            )
            run.log_image("mistakes", contact_sheet(_filled_up(unseen[wrong])), caption=caption)
    return float(accuracy)


def _filled_up(images: Any) -> Any:
    """Add empty images until the last line of a contact sheet is full."""
    return np.concatenate([images, np.zeros((-len(images) % 8, SIDE, SIDE))])


def run_experiment(name: str, setting: dict[str, Any], seeds: range, progress: Progress) -> list[float]:
    """Train with several seeds and return what each reached."""
    accuracies = []
    for seed in seeds:
        accuracies.append(train(name, {**setting, "alpha": 0.001, "lr": 0.001, "seed": seed}))
        progress.say(f"{name}, seed {seed}: final accuracy {accuracies[-1]:.4f}")
    return accuracies


class Progress:
    """Says how far the story has come."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def say(self, text: str) -> None:
        """Print what one run came to."""
        self.done += 1
        print(f"[{self.done}/{self.total}] {text}", flush=True)


def main(*, quick: bool = False) -> None:
    """Tell the whole story."""
    seeds, epochs = (range(2), 6) if quick else (range(4), 30)
    progress = Progress(2 * len(seeds))

    first = "one hidden layer, 1,000 images"
    tr.define_experiment(
        first,
        project=PROJECT,
        hypothesis="One hidden layer and 1,000 images are enough to tell discs from triangles in most cases.",
        prediction=f"Mean accuracy on unseen images of {WANTED_ACCURACY:.2f} or more.",
    )
    small = run_experiment(first, {"hidden_layers": [64], "images": 1000, "epochs": epochs}, seeds, progress)
    reached = statistics.mean(small) >= WANTED_ACCURACY
    tr.define_experiment(
        first,
        project=PROJECT,
        verdict="confirmed" if reached else "refuted",
        conclusion=f"{described(small)} on {TEST_IMAGES:,} unseen images: "
        + ("as predicted." if reached else f"less than the predicted {WANTED_ACCURACY:.2f}."),
    )

    goal = statistics.mean(small) + WANTED_GAIN
    second = "two hidden layers, 2,000 images"
    tr.define_experiment(
        second,
        project=PROJECT,
        hypothesis="A second hidden layer and twice the images make the network better.",
        prediction=f"Mean accuracy on the same unseen images of {goal:.4f} or more, a gain of {WANTED_GAIN:.2f}.",
    )
    setting = {"hidden_layers": [64, 32], "images": 2000, "epochs": epochs}
    large = run_experiment(second, setting, seeds, progress)
    gain = statistics.mean(large) - statistics.mean(small)
    better = sum(b > a for a, b in zip(small, large, strict=True))
    tr.define_experiment(
        second,
        project=PROJECT,
        verdict="confirmed" if statistics.mean(large) >= goal else "refuted",
        conclusion=f"{described(large)} on the same images: {gain:+.4f} against one layer and 1,000 images, "
        f"better with {better} of {len(small)} seeds. Layers and images changed together, "
        "so this does not say which of them did it.",
    )


def described(accuracies: list[float]) -> str:
    """Return mean, spread and number of several accuracies in words."""
    return (
        f"Mean accuracy {statistics.mean(accuracies):.4f} "
        f"(standard deviation {statistics.stdev(accuracies):.4f}, n = {len(accuracies)})"
    )


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
