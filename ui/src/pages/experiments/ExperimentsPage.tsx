import { useExperimentRuns, useProject } from "../../api/queries";
import type { Experiment, ProjectDetail, RunRow } from "../../api/types";
import { Link } from "../../app/navigation";
import { urls } from "../../app/urls";
import { assignStyles } from "../../chart/palette";
import { numberFormat } from "../../format/columns";
import { formatCount, formatNumber } from "../../format/numbers";
import { formatAgo, formatDuration, formatTime } from "../../format/times";
import { useNow } from "../../format/useNow";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { StateMark, Swatch } from "../../parts/RunMarks";
import { Snippet } from "../../parts/Snippet";
import { useTitle } from "../../parts/useTitle";
import { makeColumn, type Column } from "../runs/columns";
import { sortName } from "../runs/sorting";
import css from "./experiments.module.css";

export function ExperimentsPage({ project }: { project: string }) {
  const { data, error, refetch } = useProject(project);
  useTitle("Experiments", project);
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="experiments" />;
  if (data.experiments.length === 0) return <NoExperiments project={project} />;
  return (
    <div className={css.page}>
      <h1>Experiments</h1>
      {data.experiments.map((experiment) => (
        <Card key={experiment.name} experiment={experiment} project={data} />
      ))}
    </div>
  );
}

function Card({ experiment, project }: { experiment: Experiment; project: ProjectDetail }) {
  const now = useNow();
  return (
    <article className={css.card} aria-label={`Experiment ${experiment.name}`}>
      <header>
        <h2>{experiment.name}</h2>
        {experiment.verdict && <span className={css.verdict}>{experiment.verdict}</span>}
        <span className="muted" title={formatTime(experiment.created)}>
          {formatCount(experiment.runs, "run")}, begun {formatAgo(experiment.created, now)}
        </span>
      </header>
      <div className={css.columns}>
        <dl className={css.story}>
          <Part name="Hypothesis" text={experiment.hypothesis} missing="Not stated" />
          <Part name="Prediction" text={experiment.prediction} missing="Not stated" />
          <Part name="Conclusion" text={experiment.conclusion} missing="Open" />
        </dl>
        <Runs experiment={experiment} project={project} />
      </div>
    </article>
  );
}

function Part({ name, text, missing }: { name: string; text: string | null; missing: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-missing={!text}>{text ?? missing}</dd>
    </div>
  );
}

/** The primary metric, or failing that the first result there is: what an experiment's runs are judged by. */
function resultColumn(project: ProjectDetail): Column | null {
  const metric =
    project.primary?.metric ??
    project.contracts.find((contract) => contract.goal && !contract.pattern.includes("*"))?.pattern;
  return metric === undefined ? null : makeColumn(`metrics.${metric}`, project);
}

function Runs({ experiment, project }: { experiment: Experiment; project: ProjectDetail }) {
  const column = resultColumn(project);
  const q = `experiment == ${JSON.stringify(experiment.name)}`;
  const goal = project.contracts.find((contract) => contract.pattern === column?.key)?.goal;
  const sort = column && goal ? `${goal === "max" ? "-" : ""}${sortName(column)}` : "-created";
  const { data, error } = useExperimentRuns(project.name, q, sort, column ? [column.name] : []);
  if (!data) return error ? <Failure error={error} /> : <Loading what="its runs" />;
  const runs = data.items.slice(0, 8);
  const result = (run: RunRow) => {
    const values = column ? run.metrics[column.key] : undefined;
    return goal ? values?.best : values?.last;
  };
  const format = numberFormat(runs.map(result));
  const styles = assignStyles(data.items.map((run) => run.id));
  return (
    <div className={css.runs}>
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col" data-number>
              Duration
            </th>
            {column && (
              <th scope="col" data-number>
                {column.title}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <th scope="row">
                <Link to={urls.run(run.project, run.id)}>
                  <Swatch style={styles.get(run.id)!} />
                  <span>{run.name}</span>
                </Link>
              </th>
              <td>
                <StateMark state={run.state} />
              </td>
              <td data-number>{formatDuration(run.duration_s)}</td>
              {column && <td data-number>{format(result(run))}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      <footer>
        <Link to={urls.runs(project.name, { q })}>
          {data.total > 8 ? `All ${formatNumber(data.total)} runs` : "Open in the table"}
        </Link>
        {data.items.length > 1 && (
          <Link
            to={urls.compare(
              project.name,
              data.items.slice(0, 20).map((run) => run.id),
            )}
          >
            {data.total > 20 ? "Compare the first 20" : "Compare them"}
          </Link>
        )}
      </footer>
    </div>
  );
}

function NoExperiments({ project }: { project: string }) {
  return (
    <Empty page title="No experiments yet">
      <p>
        An experiment is a question with runs as evidence: say what you expect before you run, and what came of it
        after.
      </p>
      <Snippet
        label="the example"
        text={`with tr.init(${JSON.stringify(project)}, experiment="wider layers", hypothesis="64 units are enough") as run:\n    ...`}
      />
    </Empty>
  );
}
