import { useState, type ReactNode } from "react";
import { formatCount } from "../../format/numbers";
import css from "./run.module.css";

export interface Entry {
  key: string;
  value: ReactNode;
  /** The value as text, for searching. */
  text: string;
}

/** Names and values, with a search over both once there are more than a screen of them. */
export function KeyValueTable({
  title,
  entries,
  note,
}: {
  title: string;
  entries: readonly Entry[];
  note?: ReactNode;
}) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = entries.filter(
    ({ key, text }) => key.toLowerCase().includes(wanted) || text.toLowerCase().includes(wanted),
  );
  return (
    <section className={css.panel} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <span className="muted number">
          {wanted
            ? `${found.length} of ${formatCount(entries.length, "entry", "entries")}`
            : entries.length > 8
              ? formatCount(entries.length, "entry", "entries")
              : null}
        </span>
        {entries.length > 8 && (
          <input
            className="field"
            type="search"
            aria-label={`Search ${title}`}
            placeholder="Search names and values"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        )}
      </header>
      {note}
      {found.length === 0 && wanted && <p className="muted">Nothing here contains “{search}”.</p>}
      <table>
        <tbody>
          {found.map(({ key, value }) => (
            <tr key={key}>
              <th scope="row">
                <code>{key}</code>
              </th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
