import type { Axis, SeriesView } from "../data/series";
import { exact, formatCount, formatNumber } from "../format/numbers";
import css from "./chart.module.css";
import { axisName, describeX, type LineStyle } from "./model";

const MOST_ROWS = 500;

/** The numbers behind a chart. Long curves are shown at evenly spread places, and it says so. */
export function ChartTable({ view, lines, axis }: { view: SeriesView; lines: readonly LineStyle[]; axis: Axis }) {
  const columns = view.lines.filter((line) => line.x.length > 0);
  const byX = new Map<number, Map<string, number>>();
  for (const line of columns) {
    for (let i = 0; i < line.x.length; i++) {
      const row = byX.get(line.x[i]!) ?? new Map<string, number>();
      row.set(line.run, line.y[i]!);
      byX.set(line.x[i]!, row);
    }
  }
  const all = [...byX.keys()].sort((a, b) => a - b);
  const every = Math.ceil(all.length / MOST_ROWS);
  const shown = all.filter((_, i) => i % every === 0);
  const label = (run: string) => lines.find((line) => line.run === run)?.label ?? run;
  const means = columns.some((line) => !line.exact);
  return (
    <>
      <p className="muted">
        {formatCount(all.length, "row")}
        {every > 1 && `, of which one in ${every} is shown`}
        {means && "; a value is the mean of the points around it, zoom in for single points"}
      </p>
      <div className={css.tableScroll} tabIndex={0} role="region" aria-label="Values">
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{axisName(axis)}</th>
              {columns.map((line) => (
                <th key={line.run} scope="col">
                  {label(line.run)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((x) => (
              <tr key={x}>
                <th scope="row" className="number">
                  {axis === "step" ? formatNumber(x, 6) : describeX(axis, x)}
                </th>
                {columns.map((line) => {
                  const value = byX.get(x)?.get(line.run);
                  return (
                    <td key={line.run} className="number" title={exact(value)}>
                      {formatNumber(value, 6)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
