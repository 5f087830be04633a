"""All logical content of a store as plain values, so that two stores can be compared.

Left out is what may differ between equal stores: row numbers, revisions, when the ingester looked, how points lie in
chunks, the number a console line got, and what stood in a field before a change (with the order of arrival); what
the audit says of experiments and contracts, which every run may state again, is what was news when it was taken in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trackrecord.store.embedded import EmbeddedStore

_TABLES = {
    "project": "SELECT name, created, changed FROM project",
    "experiment": "SELECT p.name, e.name, e.hypothesis, prediction, verdict, conclusion, e.created, updated"
    " FROM experiment e JOIN project p ON p.number = e.project",
    "contract": "SELECT p.name, pattern, goal, unit, is_primary, x, low, high, description, updated"
    " FROM contract c JOIN project p ON p.number = c.project",
    "run": "SELECT r.id, p.name, e.name, r.name, group_name, parent, r.hypothesis, notes, user, host, command,"
    " r.created, ended, ended_state, exit_code, traceback, last_step, points, problems, fork_run, fork_step FROM run r"
    " JOIN project p ON p.number = r.project LEFT JOIN experiment e ON e.number = r.experiment",
    "tag": "SELECT r.id, t.name FROM tag t JOIN run r ON r.number = t.run",
    "writer": "SELECT r.id, writer, role, rank, world_size, process, state, started, w.ended, w.exit_code, w.traceback,"
    " last_time, gone FROM writer w JOIN run r ON r.number = w.run",
    "segment": "SELECT r.id, writer, n, taken, closed, damage FROM segment s JOIN run r ON r.number = s.run",
    "param": "SELECT r.id, key, kind, p.number, text, value, time, writer FROM param p JOIN run r ON r.number = p.run",
    "param_conflict": "SELECT r.id, key, value FROM param_conflict p JOIN run r ON r.number = p.run",
    "summary": "SELECT r.id, key, kind, s.number, text, value, updated, writer FROM summary s"
    " JOIN run r ON r.number = s.run",
    "metric": "SELECT r.id, key, m.points, nonfinite, first, last, min, max, mean, total, min_step, max_step,"
    " first_step, m.last_step, first_time, last_time FROM metric m JOIN run r ON r.number = m.run",
    "rewind": "SELECT r.id, writer, place, written, step FROM rewind w JOIN run r ON r.number = w.run",
    "media": "SELECT r.id, key, kind, step, time, caption, digest, media_type, size, data"
    " FROM media m JOIN run r ON r.number = m.run",
    "console": "SELECT r.id, time, stream, text, writer FROM console c JOIN run r ON r.number = c.run",
    "artifact": "SELECT p.name, a.name, kind, digest, size, a.created FROM artifact a"
    " JOIN project p ON p.number = a.project",
    "artifact_file": "SELECT a.digest, path, f.digest, f.size FROM artifact_file f"
    " JOIN artifact a ON a.number = f.artifact",
    "run_artifact": "SELECT r.id, a.digest, relation, time FROM run_artifact x JOIN run r ON r.number = x.run"
    " JOIN artifact a ON a.number = x.artifact",
    "fact": "SELECT r.id, part, value, digest, time, writer FROM fact f JOIN run r ON r.number = f.run",
    "problem": "SELECT r.id, writer, code, message, count FROM problem p JOIN run r ON r.number = p.run",
    "audit": "SELECT time, who, run, change, coalesce(asked, after) FROM audit WHERE about = 'run'",
    "redaction": "SELECT r.id, what, key, time, who, reason FROM redaction d JOIN run r ON r.number = d.run",
}


def dump(path: Path) -> dict[str, Any]:
    """Return everything a store holds."""
    with EmbeddedStore.open(path, create=False) as store:
        found: dict[str, Any] = {
            name: sorted(store.catalog.rows(sql), key=repr) for name, sql in _TABLES.items()
        }
        points = {}
        for run, key in store.catalog.rows("SELECT r.id, m.key FROM metric m JOIN run r ON r.number = m.run"):
            series = store.series.points(run, key)
            points[run, key] = (series.steps.tolist(), series.times.tolist(), series.values.tobytes())
        found["points"] = points
        found["blobs"] = sorted(file.name for file in (path / "blobs").rglob("*") if file.is_file())
        found["inbox"] = sorted(file.name for file in (path / "inbox").iterdir())
    return found
