import { useMemo } from "react";
import type { Json, MediaEntry } from "../../api/types";
import { numberFormat } from "../../format/columns";
import { exact, formatCount, formatNumber, formatValue, isNumeric, toNumber } from "../../format/numbers";
import { barHeights, frameOf, type Counted, type Frame } from "./histogram";
import css from "./media.module.css";
import type { MediaData } from "./mediaData";

const MOST_ROWS = 1000;

/** Whether `DrawnData` can show it: it is a text, a table or a histogram. */
export function isDrawn(data: MediaData): boolean {
  return typeof data.text === "string" || !!(data.columns && data.rows) || !!(data.edges && data.counts);
}

/** The numbers of a histogram, or null for anything else. */
export function countedOf(data: MediaData | null | undefined): Counted | null {
  return data?.edges && data.counts ? { edges: data.edges.map(toNumber), counts: data.counts.map(toNumber) } : null;
}

/** A logged text, table or histogram; `frame` is what all histograms of a key are drawn in. */
export function DrawnData({ entry, data, frame }: { entry: MediaEntry; data: MediaData; frame?: Frame }) {
  if (data.columns && data.rows) return <DataTable entry={entry} columns={data.columns} rows={data.rows} />;
  const counted = countedOf(data);
  if (counted) return <Histogram counted={counted} frame={frame ?? frameOf([counted])} />;
  return (
    <pre className={css.text} tabIndex={0} role="region" aria-label={`${entry.key}, step ${entry.step}`}>
      {data.text}
    </pre>
  );
}

function DataTable({ entry, columns, rows }: { entry: MediaEntry; columns: string[]; rows: Json[][] }) {
  const shown = rows.slice(0, MOST_ROWS);
  const { numeric, formats } = useMemo(() => {
    const cells = columns.map((_, j) => shown.map((row) => row[j]).filter((value) => value !== null));
    return {
      numeric: cells.map((values) => values.length > 0 && values.every(isNumeric)),
      formats: cells.map(numberFormat),
    };
  }, [columns, rows]);
  return (
    <>
      <div className={css.tableScroll} tabIndex={0} role="region" aria-label={`${entry.key}, step ${entry.step}`}>
        <table>
          <thead>
            <tr>
              {columns.map((column, i) => (
                <th key={i} scope="col" data-numeric={numeric[i]}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, i) => (
              <tr key={i}>
                {row.map((value, j) => (
                  <td key={j} data-numeric={isNumeric(value)} title={exact(value)}>
                    {isNumeric(value) ? (formats[j] ?? formatNumber)(value) : formatValue(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > MOST_ROWS && (
        <p className="muted">
          The first {formatNumber(MOST_ROWS)} of {formatCount(rows.length, "row")}
        </p>
      )}
    </>
  );
}

const WIDTH = 320;
const HEIGHT = 110;

function Histogram({ counted, frame }: { counted: Counted; frame: Frame }) {
  const { edges, counts } = counted;
  const bars = barHeights(counted, frame);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const low = formatNumber(edges[0]);
  const high = formatNumber(edges.at(-1));
  return (
    <div className={css.histogram}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram of ${formatNumber(total)} values from ${low} to ${high}`}
      >
        {bars.map((bar, i) => (
          <rect
            key={i}
            x={bar.from * WIDTH}
            width={Math.max(0.5, (bar.to - bar.from) * WIDTH - 1)}
            y={HEIGHT * (1 - bar.height)}
            height={HEIGHT * bar.height}
          >
            <title>{`${formatNumber(edges[i])} to ${formatNumber(edges[i + 1])}: ${formatNumber(counts[i])}`}</title>
          </rect>
        ))}
      </svg>
      <p className="muted number">
        <span>{formatNumber(frame.low)}</span>
        <span>{formatNumber(total)} values</span>
        <span>{formatNumber(frame.high)}</span>
      </p>
    </div>
  );
}
