"""``python -m trackrecord``: the command line, also where the ``trackrecord`` script is not on the path."""

from __future__ import annotations

from trackrecord.cli.main import main

if __name__ == "__main__":
    main()
