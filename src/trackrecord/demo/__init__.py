"""Three examples with real data and real training, all offline; they need the extra ``trackrecord[demo]``.

Each is a program of its own that uses the public API only: ``python -m trackrecord.demo.iris``, ``.digits``,
``.shapes``. ``trackrecord demo`` runs them one after the other.
"""
