import type { RunRow } from "../../api/types";
import { Link, useParams } from "../../app/navigation";
import { urls } from "../../app/urls";
import type { NumberFormat } from "../../format/columns";
import { exact, formatNumber, formatValue, isNumeric } from "../../format/numbers";
import { formatAgo, formatDuration, formatTime } from "../../format/times";
import { StateMark } from "../../parts/RunMarks";
import { cellValue, type Column } from "./columns";
import { filterBy } from "./filterText";
import css from "./runs.module.css";

/** One value of a run in its column's form; `format` is that of the column's numbers. */
export function Cell({ column, row, now, format }: { column: Column; row: RunRow; now: number; format: NumberFormat }) {
  const value = cellValue(column, row);
  if (column.key === "state" && column.kind === "field") return <StateMark state={row.state} />;
  if (value === null || value === undefined) return null;
  if (column.kind === "field") {
    switch (column.key) {
      case "created":
        return <span title={formatTime(row.created)}>{formatAgo(row.created, now)}</span>;
      case "duration":
        return <>{formatDuration(row.duration_s)}</>;
      case "tags":
        return (
          <span className={css.tags} title={row.tags.join(", ")}>
            {row.tags.map((tag) => (
              <span key={tag}>{tag}</span>
            ))}
          </span>
        );
      case "group":
      case "experiment":
        return <FilterLink project={row.project} q={filterBy(column.key, row[column.key]!)} text={row[column.key]!} />;
      case "id":
        return <code title={row.id}>{row.id.slice(-8)}</code>;
      case "problems":
        return row.problems > 0 ? <b className={css.problems}>{formatNumber(row.problems)}</b> : <>0</>;
    }
  }
  if (column.kind === "params") return <span title={exact(value)}>{formatValue(value)}</span>;
  if (isNumeric(value)) return <span title={exact(value)}>{format(value)}</span>;
  return <span title={exact(value)}>{formatValue(value)}</span>;
}

/** Leads to the runs that share a value, with the table's order and columns as they are. */
function FilterLink({ project, q, text }: { project: string; q: string; text: string }) {
  const [params] = useParams();
  return (
    <Link
      to={urls.runs(project, { q, sort: params.get("sort"), cols: params.get("cols") })}
      title={`Only runs with ${q}`}
    >
      {text}
    </Link>
  );
}
