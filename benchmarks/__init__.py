"""Measurements of Trackrecord beside other trackers and beside the limit of the machine: ``make bench``.

One file a row of the table in README.md; ``peers/`` holds one driver a tool, ``work.py`` what all of them do.
"""
