import { useMemo } from "react";
import { useComparison, useProject, useSample } from "../../api/queries";
import type { Comparison, Contract, RunHead } from "../../api/types";
import { Link, useParams } from "../../app/navigation";
import { splitNames, urls } from "../../app/urls";
import { ChartSections } from "../../chart/ChartSections";
import { ChartTools } from "../../chart/ChartTools";
import { assignStyles } from "../../chart/palette";
import { useChartSettings } from "../../chart/useChartSettings";
import { formatCount } from "../../format/numbers";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { useTitle } from "../../parts/useTitle";
import { contractFor } from "../runs/columns";
import css from "./compare.module.css";
import { ComparisonTable } from "./ComparisonTable";
import { keyMetrics, orderResults } from "./keyMetrics";
import { Legend } from "./Legend";

export function ComparePage({ project }: { project: string }) {
  const [params] = useParams();
  const text = params.get("r");
  const ids = useMemo(() => [...new Set(splitNames(text))], [text]);
  useTitle(ids.length > 0 ? `Compare ${formatCount(ids.length, "run")}` : "Compare", project);
  if (ids.length === 0) return <NothingChosen project={project} />;
  return <Chosen project={project} ids={ids} />;
}

function Chosen({ project, ids }: { project: string; ids: string[] }) {
  const { data, error, refetch } = useComparison(ids);
  if (!data)
    return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the comparison" />;
  return <Side project={project} data={data} />;
}

function Side({ project, data }: { project: string; data: Comparison }) {
  const settings = useChartSettings();
  const [params, setParams] = useParams();
  const detail = useProject(project);
  const hidden = useMemo(() => new Set(splitNames(params.get("hide"))), [params]);
  const runKey = data.runs.map((run) => `${run.id} ${run.name}`).join("\n");
  const styles = useMemo(() => assignStyles(data.runs.map((run) => run.id)), [runKey]);
  const lines = useMemo(
    () =>
      data.runs
        .filter((run) => !hidden.has(run.id))
        .map((run) => ({ run: run.id, label: run.name, style: styles.get(run.id)! })),
    [runKey, hidden, styles],
  );
  const metrics = useSharedMetrics(data);
  const contracts = detail.data?.contracts ?? none;
  const key = useMemo(() => keyMetrics(metrics, contracts), [metrics.join("\n"), contracts]);
  const others = metrics.filter((metric) => !key.includes(metric));
  const charts = {
    logged: metrics,
    lines,
    settings,
    xOf: (metric: string) => contractFor(contracts, metric)?.x,
    note: (metric: string) => goalNote(contractFor(contracts, metric)?.goal),
  };
  const setHidden = (next: ReadonlySet<string>) => setParams({ hide: [...next].join(",") }, { replace: true });
  const remove = (id: string) =>
    setParams({
      r: data.runs
        .filter((run) => run.id !== id)
        .map((run) => run.id)
        .join(","),
      hide: [...hidden].filter((item) => item !== id).join(","),
    });
  return (
    <div className={css.page}>
      <h1>Compare {formatCount(data.runs.length, "run")}</h1>
      <div className={css.split}>
        <Legend runs={data.runs} styles={styles} hidden={hidden} onHide={setHidden} onRemove={remove} />
        <div className={css.content}>
          {metrics.length > 0 && (
            <section className={css.charts} aria-label="Curves of the key metrics">
              <ChartTools settings={settings} />
              {settings.filter ? (
                <ChartSections metrics={metrics} {...charts} />
              ) : (
                <ChartSections metrics={key} title="Key metrics" {...charts} />
              )}
            </section>
          )}
          <Tables data={data} styles={styles} />
          {!settings.filter && others.length > 0 && (
            <section className={css.charts} aria-label="Other curves">
              <ChartSections metrics={others} {...charts} />
            </section>
          )}
        </div>
      </div>
    </div>
  );
}

const none: readonly Contract[] = [];

function goalNote(goal: string | null | undefined): string | null {
  return goal === "max" ? "higher is better" : goal === "min" ? "lower is better" : null;
}

/** The metrics that at least one of the runs has: results name them, beside summary values that have no curve. */
function useSharedMetrics(data: Comparison): string[] {
  const project = data.runs[0]?.project ?? "";
  const { data: detail } = useProject(project);
  const known = detail?.columns.metrics.map((item) => item.key);
  const results = new Set(data.results.map((line) => line.key));
  return known?.filter((key) => results.has(key)) ?? [];
}

function Tables({ data, styles }: { data: Comparison; styles: ReadonlyMap<string, number> }) {
  const [params, setParams] = useParams();
  const everything = params.get("all") === "1";
  return (
    <section className={css.tables} aria-label="Values side by side">
      <label className={css.only}>
        <input
          type="checkbox"
          checked={!everything}
          onChange={() => setParams({ all: everything ? null : "1" }, { replace: true })}
        />
        Only differences
      </label>
      <ComparisonTable
        title="Results"
        runs={data.runs}
        lines={orderResults(data.results)}
        styles={styles}
        everything={everything}
        open
      />
      <ComparisonTable
        title="Params"
        runs={data.runs}
        lines={data.params}
        styles={styles}
        everything={everything}
        open
      />
      <ComparisonTable
        title="Environment"
        runs={data.runs}
        lines={data.environment}
        styles={styles}
        everything={everything}
        open={data.environment.filter((line) => line.differs).length <= 12}
      />
    </section>
  );
}

function NothingChosen({ project }: { project: string }) {
  const { data } = useSample(project, [], true);
  const latest: RunHead[] = data?.items.slice(0, 5) ?? [];
  return (
    <Empty page title="Nothing to compare yet">
      <p>
        Select runs in the <Link to={urls.runs(project)}>table of runs</Link> and press Compare. Their curves, params
        and results then stand side by side here, and the address can be passed on.
      </p>
      {latest.length > 1 && (
        <p>
          <Link
            className="button primary"
            to={urls.compare(
              project,
              latest.map((run) => run.id),
            )}
          >
            Compare the newest {latest.length}
          </Link>
        </p>
      )}
    </Empty>
  );
}
