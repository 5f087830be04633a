"""The sides of the benchmarks: Trackrecord, the limit, and the peers, with versions pinned and settings said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Side:
    """One tool as it is measured here. ``requires`` empty: it runs in our own environment."""

    name: str
    title: str
    driver: str
    requires: tuple[str, ...] = ()
    settings: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    #: also given by ``--peers`` under this name
    family: str = ""

    @property
    def folder(self) -> str:
        """Name of its environment in the cache: the pinned version is in it, so another pin is another folder."""
        return self.requires[0].replace("==", "-")

    @property
    def version(self) -> str:
        """The pinned version."""
        return self.requires[0].partition("==")[2] if self.requires else ""


TRACKRECORD = Side("trackrecord", "Trackrecord", "trackrecord", settings="defaults, console=False")
PLAIN = Side(
    "plain", "limit: packed os.write", "plain", settings="struct.pack and one os.write a call; nothing else"
)
SQLITE = Side(
    "sqlite",
    "limit: sqlite3 executemany",
    "sqlite",
    settings="one row a point, WAL, synchronous=NORMAL; 10,000 points an executemany and commit",
)

_MLFLOW = ("mlflow==3.17.2",)
_MLFLOW_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}

PEERS = (
    Side(
        "mlflow",
        "MLflow (SQLite, direct)",
        "mlflow",
        _MLFLOW,
        "sqlite:/// tracking URI, log_metrics, synchronous as by default",
        _MLFLOW_ENVIRONMENT,
        family="mlflow",
    ),
    Side(
        "mlflow-async",
        "MLflow (SQLite, async)",
        "mlflow_async",
        _MLFLOW,
        "the same with log_metrics(synchronous=False)",
        _MLFLOW_ENVIRONMENT,
        family="mlflow",
    ),
    Side(
        "mlflow-server",
        "MLflow (through its server)",
        "mlflow_server",
        _MLFLOW,
        "mlflow server with one worker on SQLite on the same machine, synchronous as by default",
        _MLFLOW_ENVIRONMENT,
        family="mlflow",
    ),
    Side(
        "wandb",
        "W&B offline",
        "wandb",
        ("wandb==0.31.0", "numpy"),
        "mode=offline, console and system statistics off",
        {
            "WANDB_MODE": "offline",
            "WANDB_SILENT": "true",
            "WANDB_CONSOLE": "off",
            "WANDB_ERROR_REPORTING": "false",
        },
    ),
    Side(
        "tensorboard",
        "TensorBoard",
        "tensorboard",
        ("tensorboard==2.21.0", "tensorboardX==2.6.5", "setuptools<81"),
        "tensorboard.summary.Writer, defaults",
    ),
    Side(
        "tensorboardx",
        "tensorboardX",
        "tensorboardx",
        ("tensorboard==2.21.0", "tensorboardX==2.6.5", "setuptools<81"),
        "SummaryWriter, defaults; read with TensorBoard's EventAccumulator",
        family="tensorboard",
    ),
    Side(
        "aim",
        "Aim",
        "aim",
        ("aim==3.29.1",),
        "local repository, system tracking and terminal capture off",
        {"AIM_UI_TELEMETRY_ENABLED": "0", "__AIM_TELEMETRY_ENABLED__": "0"},
    ),
    Side(
        "trackio",
        "Trackio",
        "trackio",
        ("trackio==0.43.0", "numpy"),
        "local, CPU and GPU logging off",
        {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_ANALYTICS_ENABLED": "False"},
    ),
    Side(
        "swanlab",
        "SwanLab",
        "swanlab",
        ("swanlab==0.10.3", "numpy"),
        "mode=offline, hardware monitor off",
        {"SWANLAB_MODE": "offline"},
    ),
    Side(
        "sacred",
        "Sacred",
        "sacred",
        ("sacred==0.8.7", "numpy", "setuptools<81"),
        "FileStorageObserver, defaults (heartbeat every 10 s)",
    ),
    Side(
        "neptune-scale",
        "Neptune's client",
        "neptune_scale",
        ("neptune-scale==0.30.0", "numpy"),
        "mode=offline, console capture off; the service it synced with was closed, so this is its local log alone",
        family="neptune",
    ),
)


def chosen(names: list[str]) -> list[Side]:
    """Return the peers of these names or families, all of them without names.

    Raises ValueError for a name that none of them has.
    """
    known = {word for side in PEERS for word in (side.name, side.family) if word}
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ValueError(f"no such peer: {', '.join(wrong)}; there are {', '.join(sorted(known))}")
    return [side for side in PEERS if not names or side.name in names or side.family in names]
