"""A sweep: which model reads handwritten digits best? Several settings, several seeds each, metrics per epoch.

Run it with ``python -m trackrecord.demo.digits``; ``--quick`` trains less.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import trackrecord as tr

#: runs with the same setting and different seeds are one group
SETTINGS: dict[str, dict[str, Any]] = {
    "logistic": {"model": "logistic", "alpha": 1e-4},
    "forest": {"model": "forest", "max_depth": 12, "trees_per_epoch": 5},
    "mlp-16": {"model": "mlp", "hidden": 16, "lr": 0.003},
    "mlp-64": {"model": "mlp", "hidden": 64, "lr": 0.003},
    "mlp-64-fast": {"model": "mlp", "hidden": 64, "lr": 0.1},
}
DIGITS = list(range(10))


def epochs_of(params: dict[str, Any], x: Any, y: Any) -> Iterator[Any]:
    """Train a model and yield it after every epoch."""
    seed = params["seed"]
    if params["model"] == "forest":
        # A forest has no epochs: it grows by some trees at a time.
        model = RandomForestClassifier(0, max_depth=params["max_depth"], warm_start=True, random_state=seed)
        for _ in range(params["epochs"]):
            model.n_estimators += params["trees_per_epoch"]
            yield model.fit(x, y)
        return
    if params["model"] == "logistic":
        model = SGDClassifier(loss="log_loss", alpha=params["alpha"], random_state=seed)
    else:
        model = MLPClassifier((params["hidden"],), learning_rate_init=params["lr"], random_state=seed)
    shuffle = np.random.default_rng(seed)
    for _ in range(params["epochs"]):
        order = shuffle.permutation(len(y))
        yield model.partial_fit(x[order], y[order], classes=DIGITS)


def train(group: str, params: dict[str, Any]) -> float:
    """Record one run and return its best accuracy."""
    digits = load_digits()
    # The seed also decides which images are held back, so that groups compare seed by seed.
    x_train, x_val, y_train, y_val = train_test_split(
        digits.data / 16, digits.target, test_size=0.3, random_state=params["seed"], stratify=digits.target
    )
    with tr.init(
        "digits", params=params, group=group, name=f"{group}-{params['seed']}", tags=["demo"]
    ) as run:
        tr.define_metric("val/accuracy", goal="max", primary=True, low=0, high=1)
        tr.define_metric("*/loss", goal="min", low=0)
        tr.define_metric("train/accuracy", goal="max", low=0, high=1)
        best = 0.0
        for epoch, model in enumerate(epochs_of(params, x_train, y_train)):
            values = {}
            for part, x, y in (("train", x_train, y_train), ("val", x_val, y_val)):
                probabilities = model.predict_proba(x)
                values[f"{part}/loss"] = log_loss(y, probabilities, labels=DIGITS)
                values[f"{part}/accuracy"] = accuracy_score(y, probabilities.argmax(axis=1))
            run.log(values, step=epoch)
            best = max(best, values["val/accuracy"])
        counts = confusion_matrix(y_val, model.predict(x_val), labels=DIGITS)
        table = [[digit, *(int(count) for count in line)] for digit, line in enumerate(counts)]
        run.log(
            {"confusion": tr.Table(["true \\ predicted", *map(str, DIGITS)], table)},
            step=params["epochs"] - 1,
        )
    return best


def main(*, quick: bool = False) -> None:
    """Train every setting with every seed."""
    seeds, epochs = (range(2), 4) if quick else (range(3), 20)
    runs = [
        (group, {**setting, "seed": seed, "epochs": epochs})
        for group, setting in SETTINGS.items()
        for seed in seeds
    ]
    for number, (group, params) in enumerate(runs, start=1):
        best = train(group, params)
        print(
            f"[{number}/{len(runs)}] {group}, seed {params['seed']}: best val/accuracy {best:.4f}", flush=True
        )


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
