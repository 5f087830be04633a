"""What records do that carry things beside numbers: media, content, artifacts, console, facts, problems, redactions."""

from __future__ import annotations

from typing import Any

from trackrecord.journal import blobfile
from trackrecord.store.intake.fields import Fields, json_text, number, text, whole
from trackrecord.store.intake.transaction import Said, Source, Transaction


class Things:
    """The things of one transaction; those whose order matters wait for ``flush``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._artifacts: list[tuple[int, str, int, Source, Fields]] = []
        self._console: list[tuple[int, str, int, int, str, str]] = []
        self._media: list[tuple[Any, ...]] = []
        self._facts: list[tuple[int, str, str | None, str | None, int, str]] = []
        self._redacted: set[int] = set()

    def media(self, source: Source, said: Said) -> None:
        """Keep a logged value that is no number."""
        fields = said.fields
        key, kind, step = text(fields, "key"), text(fields, "kind"), number(fields, "step")
        if key is None or kind is None or step is None:
            self._tx.problem(source, "media", "a logged value had no name, kind or step", 1, said.time)
            return
        data = fields.get("data")
        self._media.append(
            (
                *(source.run, key, kind, step, said.time, text(fields, "caption"), text(fields, "digest")),
                *(
                    text(fields, "media_type"),
                    whole(fields, "size"),
                    None if data is None else json_text(data),
                ),
            )
        )

    def content(self, source: Source, payload: bytes, time: int) -> None:
        """Keep bytes that other records cite. Raises OSError when the disk refuses: then nothing is committed."""
        digest, content = "sha256:" + payload[:32].hex(), payload[32:]
        if blobfile.digest_of(content) != digest:
            self._tx.problem(source, "content", f"the bytes kept as {digest} are others", 1, time)
            return
        blobfile.put_bytes(self._tx.blobs, content)

    def artifact(self, source: Source, said: Said) -> None:
        """Keep which run logged or used which files; versions are given out by ``flush``."""
        self._artifacts.append((said.time, said.writer, said.place, source, said.fields))

    def console(self, source: Source, said: Said) -> None:
        """Keep what was printed."""
        printed = text(said.fields, "text")
        if printed:
            stream = "stderr" if said.fields.get("stream") == "stderr" else "stdout"
            self._console.append((said.time, said.writer, said.place, source.run, stream, printed))

    def facts(self, source: Source, said: Said) -> None:
        """Keep facts of the process; the first said of a part hold."""
        part, value = text(said.fields, "part"), said.fields.get("value")
        if part:
            self._facts.append(
                (
                    *(source.run, part, None if value is None else json_text(value)),
                    *(text(said.fields, "digest"), said.time, said.writer),
                )
            )

    def problem(self, source: Source, said: Said) -> None:
        """Show on the run what the recorder met."""
        fields = said.fields
        code, message, count = text(fields, "code"), text(fields, "message"), whole(fields, "count")
        self._tx.problem(source, code or "unnamed", message or "", 1 if count is None else count, said.time)

    def redaction(self, source: Source, said: Said) -> None:
        """Remember that something was to be taken away; ``flush`` does it."""
        fields = said.fields
        what, key = text(fields, "what"), text(fields, "key")
        who, reason = text(fields, "who"), text(fields, "reason")
        if what != "notes" and what not in _REDACTIONS:
            return
        self._tx.write_down(source.run)
        self._redacted.add(source.run)
        self._tx.connection.execute(
            "INSERT OR IGNORE INTO redaction (run, what, key, time, who, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (source.run, what, key or "", said.time, who, reason),
        )
        self._tx.connection.execute(
            "INSERT INTO audit (time, who, run, change, before, after) VALUES (?, ?, ?, 'redact', NULL, ?)",
            (said.time, who or "", source.run_id, json_text({"what": what, "key": key, "reason": reason})),
        )

    def flush(self) -> None:
        """Write down what waited, then take away what was redacted."""
        execute = self._tx.connection.executemany
        execute(
            "INSERT INTO media (run, key, kind, step, time, caption, digest, media_type, size, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._media,
        )
        execute(
            "INSERT INTO fact (run, part, value, digest, time, writer) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (run, part) DO UPDATE SET value = excluded.value, digest = excluded.digest,"
            " time = excluded.time, writer = excluded.writer"
            " WHERE (excluded.time, excluded.writer) < (time, writer)",
            self._facts,
        )
        for time, _, _, source, fields in sorted(self._artifacts, key=lambda waiting: waiting[:3]):
            self._keep_artifact(source, fields, time)
        lines: dict[int, int] = {}
        rows = []
        for time, writer, _, run, stream, printed in sorted(self._console):
            if run not in lines:
                lines[run] = 0 if run in self._tx.new_runs else self._console_lines(run)
            lines[run] += 1
            rows.append((run, lines[run], time, stream, printed, writer))
        execute("INSERT INTO console (run, n, time, stream, text, writer) VALUES (?, ?, ?, ?, ?, ?)", rows)
        # what was redacted before this transaction may have come again; a new run has only what is new
        for run in sorted(self._tx.touched - self._tx.new_runs | self._redacted):
            self._redact(run)

    def _console_lines(self, run: int) -> int:
        found = self._tx.connection.execute("SELECT max(n) FROM console WHERE run = ?", (run,)).fetchone()
        return int(found[0] or 0)

    def _keep_artifact(self, source: Source, fields: Fields, time: int) -> None:
        name, digest = text(fields, "name"), text(fields, "digest")
        if not name or not digest:
            self._tx.problem(source, "artifact", "an artifact had no name or no digest", 1, time)
            return
        connection = self._tx.connection
        project = self._tx.project_of(source.run)
        found = connection.execute(
            "INSERT INTO artifact (project, name, version, kind, digest, size, created)"
            " VALUES (:project, :name, 1 +"
            " (SELECT coalesce(max(version), 0) FROM artifact WHERE project = :project AND name = :name),"
            " :kind, :digest, :size, :time)"
            " ON CONFLICT (project, name, digest) DO UPDATE SET created = min(created, excluded.created)"
            " RETURNING number",
            {
                "project": project,
                "name": name,
                "kind": text(fields, "kind") or "file",
                "digest": digest,
                "size": whole(fields, "size") or 0,
                "time": time,
            },
        ).fetchone()
        files = fields.get("files")
        connection.executemany(
            "INSERT OR IGNORE INTO artifact_file (artifact, path, digest, size) VALUES (?, ?, ?, ?)",
            [
                (found[0], text(file, "path") or "", text(file, "digest") or "", whole(file, "size") or 0)
                for file in (files if isinstance(files, list) else [])
                if isinstance(file, dict)
            ],
        )
        connection.execute(
            "INSERT INTO run_artifact (run, artifact, relation, time) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (run, artifact, relation) DO UPDATE SET time = min(time, excluded.time)",
            (source.run, found[0], "used" if fields.get("relation") == "used" else "logged", time),
        )

    def _redact(self, run: int) -> None:
        connection = self._tx.connection
        wanted = connection.execute("SELECT what, key, time FROM redaction WHERE run = ?", (run,)).fetchall()
        for what, key, time in wanted:
            values = {"run": run, "key": key, "time": time}
            if what == "notes":
                stamp = self._tx.stamp("run", run, "notes")
                if stamp is not None and stamp.time <= time:
                    self._tx.set_run(run, "notes", None)
                continue
            for statement in _REDACTIONS[what]:
                connection.execute(statement, values)


#: what takes each kind of thing but notes away; an empty key means all of the kind
_REDACTIONS = {
    "param": [
        "DELETE FROM param WHERE run = :run AND :key IN ('', key) AND time <= :time",
        "DELETE FROM param_conflict WHERE run = :run AND :key IN ('', key)",
    ],
    "summary": ["DELETE FROM summary WHERE run = :run AND :key IN ('', key) AND updated <= :time"],
    "console": ["DELETE FROM console WHERE run = :run AND time <= :time"],
    "media": ["DELETE FROM media WHERE run = :run AND :key IN ('', key) AND time <= :time"],
    "artifact": [
        """DELETE FROM run_artifact WHERE run = :run AND time <= :time AND artifact IN
           (SELECT number FROM artifact WHERE :key IN ('', name))""",
        # no run has it any more: its files are forgotten, its name and version stay taken
        """DELETE FROM artifact_file WHERE artifact IN (SELECT number FROM artifact WHERE :key IN ('', name)
           AND project = (SELECT project FROM run WHERE number = :run))
           AND artifact NOT IN (SELECT artifact FROM run_artifact)""",
    ],
    "fact": ["DELETE FROM fact WHERE run = :run AND :key IN ('', part) AND time <= :time"],
}
