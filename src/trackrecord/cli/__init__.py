"""The command line: one file per command, loaded when it is called.

``main`` finds the command and turns errors into exit codes. What several commands share has a file of its own:
``session`` (store and terminal), ``numbers`` and ``times`` (how values read), ``grid`` (tables that fit), ``curves``
(charts of characters), ``answers`` (the JSON of docs/api.md).
"""
