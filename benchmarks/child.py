"""One side of a benchmark: a child process in the side's own interpreter, given work line by line.

Each request is a line of JSON, ``{"work": "log_call", "folder": "...", ...}``; each answer is one too,
``{"figures": {...}}`` or ``{"error": "..."}``. What the tools print goes to the error output, so that it can't be taken
for an answer.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from benchmarks.work import WORK

    driver = importlib.import_module(f"benchmarks.peers.{sys.argv[1]}").Driver
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer: dict[str, object] = {"figures": WORK[request.pop("work")](driver, **request)}
        except Exception as error:  # noqa: BLE001 (whatever a tool raises is the answer)
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
