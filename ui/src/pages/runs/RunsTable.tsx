import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import type { RunRow } from "../../api/types";
import { Link } from "../../app/navigation";
import { urls } from "../../app/urls";
import { preferredStyle } from "../../chart/palette";
import { numberFormat } from "../../format/columns";
import { useNow } from "../../format/useNow";
import { Icon } from "../../parts/Icon";
import { Swatch } from "../../parts/RunMarks";
import { useWidth } from "../../parts/useWidth";
import { Cell } from "./Cell";
import { cellValue, columnWidths, leastWidth, type Column } from "./columns";
import css from "./runs.module.css";
import { sortDirection, sortName } from "./sorting";

const ROW_HEIGHT = 32;
/** Rows before the end of what is loaded at which the next part is asked for. */
const AHEAD = 60;

interface Props {
  rows: readonly RunRow[];
  /** All matches; the rows beyond `rows` are still on the server. */
  total: number;
  columns: readonly Column[];
  sort: string;
  stale: boolean;
  selected: ReadonlySet<string>;
  styles: ReadonlyMap<string, number>;
  onSort: (column: Column | "name") => void;
  onSelect: (index: number, range: boolean) => void;
  onSelectAll: () => void;
  onNeedMore: () => void;
}

/** A real table of which only the rows on the screen exist. */
export function RunsTable({
  rows,
  total,
  columns,
  sort,
  stale,
  selected,
  styles,
  onSort,
  onSelect,
  onSelectAll,
  onNeedMore,
}: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow();
  const virtualizer = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items[items.length - 1]?.index ?? -1;
  useEffect(() => {
    if (rows.length < total && last + AHEAD >= rows.length) onNeedMore();
  }, [last, rows.length, total, onNeedMore]);

  const formats = useMemo(
    () => columns.map((column) => numberFormat(column.numeric ? rows.map((row) => cellValue(column, row)) : [])),
    [columns, rows],
  );
  const names = useMemo(() => new Map(rows.map((row) => [row.id, row.name])), [rows]);
  const someSelected = rows.some((row) => selected.has(row.id));
  const allSelected = rows.length > 0 && rows.every((row) => selected.has(row.id));
  const before = first * ROW_HEIGHT;
  const after = (total - last - 1) * ROW_HEIGHT;
  const room = useWidth(scroller);
  const widths = columnWidths(columns, room);
  return (
    <div className={css.scroll} ref={scroller} tabIndex={0} role="region" aria-label="Runs, scrolls in both directions">
      <table
        className={css.table}
        aria-rowcount={total + 1}
        aria-busy={stale}
        data-stale={stale}
        style={{ minWidth: leastWidth(columns, room) }}
      >
        <colgroup>
          <col style={{ width: 40 }} />
          <col />
          {columns.map((column, i) => (
            <col key={column.name} style={{ width: widths[i] }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className={css.pick}>
              <label>
                <input
                  type="checkbox"
                  aria-label="Select all loaded runs"
                  checked={allSelected}
                  ref={(box) => {
                    if (box) box.indeterminate = someSelected && !allSelected;
                  }}
                  onChange={onSelectAll}
                />
              </label>
            </th>
            <SortHeader title="Name" sort={sort} name="name" onSort={() => onSort("name")} className={css.name} />
            {columns.map((column) => (
              <SortHeader
                key={column.name}
                title={column.title}
                note={column.figure === "best" ? "best" : undefined}
                kind={column.kind}
                sort={sort}
                name={sortName(column)}
                numeric={column.numeric}
                onSort={() => onSort(column)}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && (
            <tr aria-hidden="true" style={{ height: before }}>
              <td colSpan={columns.length + 2} />
            </tr>
          )}
          {items.map(({ index }) => {
            const row = rows[index];
            if (!row)
              return (
                <tr key={`missing ${index}`} aria-rowindex={index + 2} className={css.missing}>
                  <td />
                  <td colSpan={columns.length + 1}>
                    <span>Loading</span>
                  </td>
                </tr>
              );
            const picked = selected.has(row.id);
            return (
              <tr key={row.id} aria-rowindex={index + 2} aria-selected={picked} data-run={row.id}>
                <td className={css.pick}>
                  <label>
                    <input
                      type="checkbox"
                      aria-label={`Select ${row.name}`}
                      checked={picked}
                      onChange={(event) => onSelect(index, (event.nativeEvent as MouseEvent).shiftKey)}
                    />
                  </label>
                </td>
                <th scope="row" className={css.name}>
                  <div>
                    <Link to={urls.run(row.project, row.id)} title={row.name}>
                      <Swatch style={styles.get(row.id) ?? preferredStyle(row.id)} />
                      <span>{row.name}</span>
                    </Link>
                    {row.parent && (
                      <small className={css.parent}>
                        in{" "}
                        <Link
                          to={urls.run(row.project, row.parent)}
                          title={`Part of ${names.get(row.parent) ?? row.parent}`}
                        >
                          {names.get(row.parent) ?? row.parent.slice(-8)}
                        </Link>
                      </small>
                    )}
                  </div>
                </th>
                {columns.map((column, i) => (
                  <td key={column.name} data-numeric={column.numeric}>
                    <Cell column={column} row={row} now={now} format={formats[i]!} />
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && (
            <tr aria-hidden="true" style={{ height: after }}>
              <td colSpan={columns.length + 2} />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function SortHeader({
  title,
  note,
  kind,
  sort,
  name,
  numeric,
  onSort,
  className,
}: {
  title: string;
  note?: string;
  kind?: string;
  sort: string;
  name: string;
  numeric?: boolean;
  onSort: () => void;
  className?: string;
}) {
  const direction = sortDirection(sort, name);
  return (
    <th
      scope="col"
      aria-sort={direction}
      className={className}
      data-numeric={numeric}
      title={
        kind && kind !== "field"
          ? `${title} (${kind === "params" ? "param" : kind === "metrics" ? `metric, ${note ?? "last"}` : "summary"})`
          : undefined
      }
    >
      <button type="button" onClick={onSort}>
        <span>{title}</span>
        {note && <small>{note}</small>}
        {direction !== "none" && <Icon name={direction === "ascending" ? "up" : "down"} />}
      </button>
    </th>
  );
}
