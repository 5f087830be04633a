"""tensorboardX: the writer that PyTorch's own was made from, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.tensorboard import Driver as TensorBoardDriver
from benchmarks.tracker import LogFunction


class Driver(TensorBoardDriver):
    """A folder a run, read by TensorBoard."""

    def begin(
        self, name: str, params: Mapping[str, Any] | None = None, tags: Sequence[str] = ()
    ) -> LogFunction:
        """Open a writer; a call is one ``add_scalar`` a metric, as its users do, params are a text."""
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(self.folder / name))
        if params or tags:
            self._writer.add_text("params", repr((params, tags)))
        add = self._writer.add_scalar

        def log(values: Mapping[str, float], step: int) -> None:
            for key, value in values.items():
                add(key, value, step)

        return log
