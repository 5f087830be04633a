import { useState } from "react";
import type { ProjectDetail } from "../../api/types";
import { formatCount } from "../../format/numbers";
import { Icon } from "../../parts/Icon";
import { Popover } from "../../parts/Popover";
import { FIELDS, type ColumnName } from "./columns";
import css from "./runs.module.css";

const MOST_SHOWN = 200;

interface Choice {
  name: ColumnName;
  label: string;
  detail: string;
}

function choices(project: ProjectDetail): [string, Choice[]][] {
  const keys = (kind: "params" | "metrics" | "summary") =>
    project.columns[kind].map((item) => ({
      name: `${kind}.${item.key}`,
      label: item.key,
      detail: formatCount(item.runs, "run"),
    }));
  return [
    ["Run", FIELDS.map((field) => ({ name: field.name, label: field.title, detail: "" }))],
    ["Params", keys("params")],
    ["Metrics", keys("metrics")],
    ["Summary", keys("summary")],
  ];
}

/** Chooses the table's columns out of everything that the project's runs have. */
export function ColumnPicker({
  project,
  shown,
  onChange,
  onReset,
}: {
  project: ProjectDetail;
  shown: readonly ColumnName[];
  onChange: (names: ColumnName[]) => void;
  onReset: (() => void) | null;
}) {
  return (
    <Popover
      panelLabel="Choose columns"
      label={
        <>
          <Icon name="columns" />
          Columns
        </>
      }
    >
      {() => <Panel project={project} shown={shown} onChange={onChange} onReset={onReset} />}
    </Popover>
  );
}

function Panel({ project, shown, onChange, onReset }: Parameters<typeof ColumnPicker>[0]) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const toggle = (name: ColumnName) =>
    onChange(shown.includes(name) ? shown.filter((item) => item !== name) : [...shown, name]);
  let room = MOST_SHOWN;
  return (
    <div className={css.picker}>
      <input
        className="field"
        type="search"
        aria-label="Search columns"
        placeholder="Search columns"
        value={search}
        autoFocus
        onChange={(event) => setSearch(event.target.value)}
      />
      <div className={css.pickerList}>
        {choices(project).map(([title, all]) => {
          const found = all.filter((choice) => choice.label.toLowerCase().includes(wanted));
          const listed = found.slice(0, room);
          room -= listed.length;
          if (found.length === 0) return null;
          return (
            <fieldset key={title}>
              <legend>{title}</legend>
              {listed.map((choice) => (
                <label key={choice.name}>
                  <input type="checkbox" checked={shown.includes(choice.name)} onChange={() => toggle(choice.name)} />
                  <span title={choice.label}>{choice.label}</span>
                  <small>{choice.detail}</small>
                </label>
              ))}
              {listed.length < found.length && (
                <p className="muted">{formatCount(found.length - listed.length, "more column")}: search for them</p>
              )}
            </fieldset>
          );
        })}
      </div>
      <footer>
        <button type="button" className="button" disabled={!onReset} onClick={() => onReset?.()}>
          Usual columns
        </button>
        <span className="muted">{formatCount(shown.length, "column")}</span>
      </footer>
    </div>
  );
}
