"""Questions to a store: the filter language, tables of runs, one run, charts, completions.

Every view (command line, HTTP API, page, Python) asks here, so that the same question has the
same answer everywhere. Functions take a `Store` and return values of ``words.records``.
"""
