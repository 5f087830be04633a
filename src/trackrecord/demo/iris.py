"""The classic first example of the field: a random forest on iris.

Run it with ``python -m trackrecord.demo.iris``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix
from sklearn.model_selection import train_test_split

import trackrecord as tr


def main() -> None:
    """Train, record, and print the accuracy that the store holds."""
    iris = load_iris()
    x_train, x_test, y_train, y_test = train_test_split(
        iris.data, iris.target, test_size=0.3, random_state=42
    )
    params = {"n_estimators": 100, "max_depth": 3, "random_state": 42}

    with tr.init("iris", params=params, name="random-forest", tags=["demo"]) as run:
        tr.define_metric(
            "accuracy", goal="max", primary=True, low=0, high=1, description="on 45 unseen flowers"
        )
        model = RandomForestClassifier(**params)
        model.fit(x_train, y_train)

        # A forest asks its trees one by one: how good is it with the first one, the first two, ...?
        votes = 0.0
        for number, tree in enumerate(model.estimators_, start=1):
            votes = votes + tree.predict_proba(x_test)
            run.log({"accuracy": accuracy_score(y_test, votes.argmax(axis=1))}, step=number)

        predicted = model.predict(x_test)
        run.summary["accuracy"] = accuracy_score(y_test, predicted)

        names = [str(name) for name in iris.target_names]
        counts = confusion_matrix(y_test, predicted)
        rows = [[name, *(int(count) for count in line)] for name, line in zip(names, counts, strict=True)]
        importances = sorted(zip(model.feature_importances_, iris.feature_names, strict=True), reverse=True)
        run.log(
            {
                "confusion": tr.Table(["true \\ predicted", *names], rows),
                "importances": tr.Table(
                    ["feature", "importance"], [[name, float(v)] for v, name in importances]
                ),
            }
        )
        run.log_text("report", classification_report(y_test, predicted, target_names=names))

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "forest.joblib")
            joblib.dump(model, path)
            run.log_artifact(path, kind="model")

    with tr.open_run(run.id) as stored:
        print(f"accuracy {stored.summary['accuracy']:.4f}, read back from the store")


if __name__ == "__main__":
    main()
