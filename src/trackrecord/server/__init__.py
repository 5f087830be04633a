"""The HTTP server: the API of docs/api.md, live updates, and the page.

Everything here turns values of ``query`` and ``analysis`` into the documented shapes and back. Nothing here
filters, sorts or reads tables. ``serve`` runs it, ``app`` puts it together, ``routes`` has one file per resource.
"""
