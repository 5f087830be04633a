import { useMemo } from "react";
import type { ApiNumber, Json, MetricInfo, RunDetail } from "../../api/types";
import { preferredStyle } from "../../chart/palette";
import { ChartSections } from "../../chart/ChartSections";
import { ChartTools } from "../../chart/ChartTools";
import { useChartSettings } from "../../chart/useChartSettings";
import { numberFormat } from "../../format/columns";
import { exact, formatNumber, formatValue, isNumeric } from "../../format/numbers";
import { Empty } from "../../parts/Messages";
import css from "./run.module.css";

export function ChartsTab({ run }: { run: RunDetail }) {
  const settings = useChartSettings();
  const lines = useMemo(() => [{ run: run.id, label: run.name, style: preferredStyle(run.id) }], [run.id, run.name]);
  const first = run.metric_list
    .filter((metric) => metric.contract?.goal)
    .sort((a, b) => Number(b.contract!.primary) - Number(a.contract!.primary))
    .map((metric) => metric.key);
  const contracts = new Map(run.metric_list.map((metric) => [metric.key, metric]));
  return (
    <>
      <Results run={run} />
      {run.metric_list.length === 0 ? (
        <Empty title="No metrics yet">
          <p>
            Curves appear here as soon as the run calls{" "}
            <code>
              run.log({"{"}"loss": 0.5{"}"})
            </code>
            .
          </p>
        </Empty>
      ) : (
        <>
          <ChartTools settings={settings} />
          <ChartSections
            metrics={run.metric_list.map((metric) => metric.key)}
            first={first}
            lines={lines}
            settings={settings}
            xOf={(key) => contracts.get(key)?.contract?.x}
            note={(key) => describeContract(contracts.get(key))}
          />
        </>
      )}
    </>
  );
}

function describeContract(metric: MetricInfo | undefined): string | null {
  const contract = metric?.contract;
  if (!contract) return null;
  const goal = contract.goal === "max" ? "higher is better" : contract.goal === "min" ? "lower is better" : null;
  return [contract.unit, goal].filter(Boolean).join(", ") || null;
}

/** What came out: summary values, and the best value of every metric with a goal. */
function Results({ run }: { run: RunDetail }) {
  const goals = run.metric_list
    .filter((metric) => metric.contract?.goal)
    .sort((a, b) => Number(b.contract!.primary) - Number(a.contract!.primary));
  // A summary value that only repeats a metric's best or last one is shown with that metric.
  const repeats = (key: string, value: Json) =>
    goals.some((metric) => metric.key === key && (metric.best === value || metric.last === value));
  const summary = Object.entries(run.summary).filter(([key, value]) => !repeats(key, value));
  if (goals.length === 0 && summary.length === 0) return null;
  return (
    <dl className={css.results} aria-label="Results">
      {goals.map((metric) => (
        <Result
          key={`metric ${metric.key}`}
          name={metric.key}
          value={metric.best}
          unit={metric.contract!.unit}
          primary={metric.contract!.primary}
          also={metric.last}
          note={`${metric.contract!.goal === "max" ? "highest" : "lowest"}${metric.best_step === null ? "" : `, at step ${formatNumber(metric.best_step)}`}; last ${numberFormat([metric.best, metric.last])(metric.last)}`}
        />
      ))}
      {summary.map(([key, value]) => (
        <Result
          key={`summary ${key}`}
          name={key}
          value={isNumeric(value) ? value : formatValue(value)}
          note="summary"
        />
      ))}
    </dl>
  );
}

function Result({
  name,
  value,
  also,
  unit,
  note,
  primary,
}: {
  name: string;
  value: ApiNumber | null;
  /** A number of the note, written with as many decimals. */
  also?: ApiNumber | null;
  unit?: string | null;
  note: string;
  primary?: boolean;
}) {
  return (
    <div data-primary={primary}>
      <dt title={name}>{name}</dt>
      <dd>
        <b className="number" title={exact(value)}>
          {isNumeric(value) ? numberFormat([value, also])(value) : value}
          {unit && <small> {unit}</small>}
        </b>
        <span className="muted">{note}</span>
      </dd>
    </div>
  );
}
