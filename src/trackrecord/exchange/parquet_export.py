"""A store, or some of its runs, as a folder of Parquet files: docs/export.md has the columns.

The folder is written beside its name and renamed when it is whole. Points are read and written series by series, so
memory holds one row group and the longest series.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackrecord.exchange.arrow_stream import arrow_schema
from trackrecord.exchange.columns import Batch, Field
from trackrecord.exchange.libraries import not_installed
from trackrecord.exchange.points_table import LongPoints, Wanted, series_of
from trackrecord.exchange.private_folder import PARTIAL, private_folder
from trackrecord.exchange.table_shape import Chosen, choose
from trackrecord.exchange.tables import SCHEMA_VERSION, TABLES
from trackrecord.exchange.tabular import Frame
from trackrecord.exchange.written_file import write_blob
from trackrecord.words.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

#: says that a folder is an export, so that --overwrite removes nothing else
MANIFEST = "export.json"
#: points of one row group: a reader that filters by run and metric skips the others
ROWS_A_GROUP = 131_072
#: points of one file
_ROWS_A_FILE = 64 * ROWS_A_GROUP

Progress = Callable[[int, int], None]


def export_parquet(
    store: Store,
    target: str | os.PathLike[str],
    *,
    run_ids: Sequence[str] | None = None,
    resolved: bool = False,
    files: bool = False,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> dict[str, int]:
    """Write the tables of docs/export.md as Parquet files below the folder ``target``; return the rows of each.

    Args:
        store: what to export.
        target: the folder; it must not be there yet, or be an export when ``overwrite`` is true.
        run_ids: only these runs, with what belongs to their projects; without, all but those in the trash.
        resolved: the points of a forked run begin with those that it inherits.
        files: copy the bytes of artifacts and media into ``blobs/``, too.
        overwrite: replace an export that is there.
        on_progress: called with how many points of how many are written, now and then.

    Raises:
        UsageError: there is something at ``target`` already.
        ImportError: pyarrow is not installed.
        OSError: the folder can't be written.
    """
    try:
        import pyarrow.parquet  # noqa: F401 - said at once when it is missing
    except ImportError as error:
        raise not_installed("pyarrow", "parquet") from error
    place = Path(target)
    _check(place, overwrite=overwrite)
    chosen = choose(store, run_ids)
    place.parent.mkdir(parents=True, exist_ok=True)
    with private_folder(PARTIAL, place.parent) as folder:
        whole = folder / "whole"
        whole.mkdir()
        rows = {
            table.name: _write(whole / f"{table.name}.parquet", table.name, table.fields, batches)
            for table in TABLES.values()
            for batches in [table.batches(store, chosen)]
        }
        rows["points"] = _write_points(store, whole / "points", chosen, resolved, on_progress)
        if files:
            rows["blobs"] = _copy_blobs(store, whole)
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "store": store.store_id,
            "revision": store.catalog.revision(),
            "points": "resolved" if resolved else "own",
            "rows": rows,
        }
        (whole / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        _put(whole, place, overwrite=overwrite)
    return rows


def _put(whole: Path, place: Path, *, overwrite: bool) -> None:
    """Rename a whole export to its place."""
    if not place.exists():
        whole.rename(place)
        return
    _check(place, overwrite=overwrite)
    # A name of its own: whoever is killed between these two lines has neither lost the old one nor a half new one.
    old = place.with_name(f".{place.name}.{os.urandom(4).hex()}.replaced")
    place.rename(old)
    whole.rename(place)
    for replaced in place.parent.glob(f".{glob.escape(place.name)}.????????.replaced"):
        shutil.rmtree(replaced, ignore_errors=True)


def _check(place: Path, *, overwrite: bool) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not overwrite:
        raise UsageError(f"{place} is there already.", hint="Take another name, or --overwrite.")
    if not (place / MANIFEST).is_file():
        raise UsageError(
            f"{place} is no export of Trackrecord: it has no {MANIFEST}, and is left as it is.",
            hint="--overwrite replaces exports only; take another name.",
        )


def _write(path: Path, name: str, fields: Sequence[Field], batches: Iterator[Batch]) -> int:
    written = 0
    with _writer(path, name, fields) as writer:
        for batch in batches:
            if len(batch):
                writer.write_table(Frame(batch).to_arrow(), row_group_size=ROWS_A_GROUP)
                written += len(batch)
    return written


@contextmanager
def _writer(path: Path, name: str, fields: Sequence[Field]) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    options: dict[str, Any] = {"use_dictionary": True}
    if name == "points":
        # what compresses each best, and all of it is old enough for every reader
        options = {
            "use_dictionary": ["run", "metric"],
            "column_encoding": {
                "step": "BYTE_STREAM_SPLIT",
                "whole_step": "DELTA_BINARY_PACKED",
                "time": "DELTA_BINARY_PACKED",
                "value": "BYTE_STREAM_SPLIT",
            },
        }
    about = {"trackrecord.schema_version": str(SCHEMA_VERSION), "trackrecord.table": name}
    schema = pa.schema(arrow_schema(fields)).with_metadata(about)
    with parquet.ParquetWriter(path, schema, compression="zstd", version="2.6", **options) as writer:
        yield writer


def _write_points(
    store: Store, folder: Path, chosen: Chosen, resolved: bool, on_progress: Progress | None
) -> int:
    folder.mkdir()
    wanted = series_of(store, chosen.runs, inherited=resolved)
    table = LongPoints((each.run for each in wanted), (each.metric for each in wanted))
    total = sum(each.points for each in wanted)
    written = 0
    for number, part in enumerate(_files(wanted) or [[]]):
        with _writer(folder / f"part-{number:05d}.parquet", "points", table.fields) as writer:
            for batch in table.batches(store, part, own=not resolved, rows=ROWS_A_GROUP):
                writer.write_table(Frame(batch).to_arrow(), row_group_size=ROWS_A_GROUP)
                written += len(batch)
                if on_progress is not None:
                    on_progress(min(written, total), total)
    return written


def _files(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    """Divide series over files."""
    files: list[list[Wanted]] = []
    room = 0
    for each in wanted:
        if room <= 0:
            files.append([])
            room = _ROWS_A_FILE
        files[-1].append(each)
        room -= each.points
    return files


def _copy_blobs(store: Store, partial: Path) -> int:
    """Copy the bytes that the tables ``files`` and ``media`` name by digest, as the store lays them out."""
    from pyarrow import parquet

    digests: set[str | None] = set()
    for name in ("files", "media"):
        for digest in parquet.read_table(partial / f"{name}.parquet", columns=["digest"])[
            "digest"
        ].to_pylist():
            digests.add(digest)
    copied = 0
    for digest in sorted(digest for digest in digests if digest is not None):
        text = digest.partition(":")[2]
        target = partial / "blobs" / text[:2] / text[2:4] / text
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_blob(store, digest, target)
        except NotFoundError:
            continue  # purged, or not arrived yet: the row with its digest stays
        copied += 1
    return copied
