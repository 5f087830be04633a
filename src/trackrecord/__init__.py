"""Trackrecord: records what a training run leaves behind, keeps it, and lets you see and compare it.

::

    import trackrecord as tr

    with tr.init("iris", params={"max_depth": 3}) as run:
        run.log({"val/accuracy": 0.9}, step=0)
        run.summary["accuracy"] = 0.93

Importing this package loads the standard library only; the reading side
(``runs``, ``open_run``) is loaded when it is first used.
"""
