import type { ComparisonLine, Json, RunHead } from "../../api/types";
import { hoverRun } from "../../data/hover";
import { numberFormat, type NumberFormat } from "../../format/columns";
import { exact, formatCount, formatValue, isNumeric } from "../../format/numbers";
import { Swatch } from "../../parts/RunMarks";
import css from "./compare.module.css";

interface Props {
  title: string;
  runs: readonly RunHead[];
  lines: readonly ComparisonLine[];
  styles: ReadonlyMap<string, number>;
  /** Also show the lines in which all runs agree. */
  everything: boolean;
  open: boolean;
}

/** One line per name, one column per run. */
export function ComparisonTable({ title, runs, lines, styles, everything, open }: Props) {
  const shown = everything ? lines : lines.filter((line) => line.differs);
  const equal = lines.length - shown.length;
  const results = title === "Results";
  return (
    <details className={css.part} open={open}>
      <summary>
        <h2>{title}</h2>
        <span className="muted">
          {shown.length > 0 && formatCount(shown.length, everything ? "line" : "difference")}
          {equal > 0 && `${shown.length > 0 ? ", " : ""}${formatCount(equal, "equal one")} not shown`}
          {lines.length === 0 && "nothing recorded"}
        </span>
      </summary>
      {shown.length > 0 && (
        <div className={css.scroll} tabIndex={0} role="region" aria-label={`${title} side by side`}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">
                  <span className="hidden">Name</span>
                </th>
                {runs.map((run) => (
                  <th
                    key={run.id}
                    scope="col"
                    title={run.name}
                    onPointerEnter={() => hoverRun(run.id)}
                    onPointerLeave={() => hoverRun(null)}
                  >
                    <span className={css.columnHead}>
                      <Swatch style={styles.get(run.id) ?? 0} />
                      <span>{run.name}</span>
                    </span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((line) => {
                const format = results ? numberFormat(line.values) : null;
                return (
                  <tr key={line.key}>
                    <th scope="row" title={line.key}>
                      <code>{line.key}</code>
                      {line.unit && <small> {line.unit}</small>}
                      {line.goal && <small> {line.goal === "max" ? "higher is better" : "lower is better"}</small>}
                    </th>
                    {runs.map((run, i) => (
                      <Value
                        key={run.id}
                        value={line.values[i]}
                        best={line.best.includes(i) && line.differs}
                        format={format}
                      />
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

/** A value as it was given, or in `format` where it is a result. */
function Value({ value, best, format }: { value: Json | undefined; best: boolean; format: NumberFormat | null }) {
  if (value === null || value === undefined)
    return (
      <td className={css.absent}>
        <span aria-label="not recorded">–</span>
      </td>
    );
  const numeric = isNumeric(value);
  return (
    <td data-best={best} data-numeric={numeric} title={exact(value)}>
      {best && <span className={css.best}>best</span>}
      {numeric && format ? format(value) : formatValue(value)}
    </td>
  );
}
