import type { RunDetail } from "../../api/types";
import { exact, formatValue } from "../../format/numbers";
import { Empty } from "../../parts/Messages";
import { KeyValueTable } from "./KeyValueTable";
import css from "./run.module.css";

export function ParamsTab({ run }: { run: RunDetail }) {
  const entries = Object.entries(run.params).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  if (entries.length === 0) {
    return (
      <Empty title="This run has no params">
        <p>
          Give them when it begins:{" "}
          <code>
            tr.init("{run.project}", params={"{"}"lr": 0.1{"}"})
          </code>
        </p>
      </Empty>
    );
  }
  return (
    <KeyValueTable
      title="Params"
      entries={entries.map(([key, value]) => {
        const conflict = run.param_conflicts[key];
        return {
          key,
          text: exact(value),
          value: (
            <>
              <code title={exact(value)}>{value === null ? "none" : formatValue(value)}</code>
              {conflict && (
                <span className={css.conflict}>
                  later set to{" "}
                  {conflict
                    .slice(1)
                    .map((item) => JSON.stringify(item))
                    .join(", ")}
                </span>
              )}
            </>
          ),
        };
      })}
    />
  );
}
