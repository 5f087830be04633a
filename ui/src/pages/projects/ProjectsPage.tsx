import { useLatestRuns, useProjects, useStore } from "../../api/queries";
import type { Project } from "../../api/types";
import { Link } from "../../app/navigation";
import { urls } from "../../app/urls";
import { formatCount, formatNumber } from "../../format/numbers";
import { formatAgo, formatDuration, formatTime } from "../../format/times";
import { useNow } from "../../format/useNow";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { StateMark } from "../../parts/RunMarks";
import { Snippet } from "../../parts/Snippet";
import { useTitle } from "../../parts/useTitle";
import css from "./projects.module.css";

const FIRST_RUN = `import trackrecord as tr

with tr.init("my-project", params={"lr": 0.1}) as run:
    run.log({"loss": 0.5})`;

export function ProjectsPage() {
  const { data, error, refetch } = useProjects();
  const { data: store } = useStore();
  useTitle("Projects");
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="projects" />;
  if (data.items.length === 0) return <FirstSteps path={store?.path ?? null} />;
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>Projects</h1>
        {store && (
          <p className="muted">
            {formatCount(store.runs, "run")} in <code>{store.path}</code>
          </p>
        )}
      </header>
      <div className={css.scroll}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Project</th>
              <th scope="col" data-number>
                Runs
              </th>
              <th scope="col">Running now</th>
              <th scope="col" data-number>
                Failed
              </th>
              <th scope="col" data-number>
                Experiments
              </th>
              <th scope="col">Best so far</th>
              <th scope="col">Last activity</th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((project) => (
              <ProjectLine key={project.name} project={project} />
            ))}
          </tbody>
        </table>
      </div>
      <LatestRuns />
    </div>
  );
}

/** What happened last, in whichever project. */
function LatestRuns() {
  const now = useNow();
  const { data } = useLatestRuns();
  if (!data || data.items.length === 0) return null;
  return (
    <section className={css.latest} aria-label="Latest runs">
      <h2>Latest runs</h2>
      <div className={css.scroll}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">State</th>
              <th scope="col">Project</th>
              <th scope="col">Group</th>
              <th scope="col">Started</th>
              <th scope="col" data-number>
                Duration
              </th>
              <th scope="col" data-number>
                Last step
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((run) => (
              <tr key={run.id}>
                <td className={css.runName}>
                  <Link to={urls.run(run.project, run.id)} title={run.name}>
                    {run.name}
                  </Link>
                </td>
                <td>
                  <StateMark state={run.state} />
                </td>
                <td className={css.runName}>
                  <Link to={urls.runs(run.project)}>{run.project}</Link>
                </td>
                <td>{run.group}</td>
                <td title={formatTime(run.created)}>{formatAgo(run.created, now)}</td>
                <td data-number>{formatDuration(run.duration_s)}</td>
                <td data-number>{formatNumber(run.last_step)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ProjectLine({ project }: { project: Project }) {
  const now = useNow();
  const { primary } = project;
  return (
    <tr>
      <th scope="row">
        <Link to={urls.runs(project.name)}>{project.name}</Link>
      </th>
      <td data-number>{formatNumber(project.runs)}</td>
      <td>
        {project.running > 0 ? (
          <span className={css.running}>
            <StateMark state="running" />
            <span className="number">{formatNumber(project.running)}</span>
          </span>
        ) : (
          <span className="muted">none</span>
        )}
      </td>
      <td data-number data-bad={project.failed > 0}>
        {formatNumber(project.failed)}
      </td>
      <td data-number>
        {project.experiments > 0 ? (
          <Link to={urls.experiments(project.name)}>{formatNumber(project.experiments)}</Link>
        ) : (
          <span className="muted">0</span>
        )}
      </td>
      <td>
        {primary && primary.best !== null ? (
          <span className={css.best}>
            <b className="number">
              {formatNumber(primary.best)}
              {primary.unit ? ` ${primary.unit}` : ""}
            </b>
            <span className="muted">
              {primary.metric}, {primary.goal === "min" ? "lowest" : "highest"}, by
            </span>
            <Link to={urls.run(project.name, primary.run)}>{primary.run_name}</Link>
          </span>
        ) : (
          <span className="muted" title="Say it with run.define_metric(name, goal='max', primary=True)">
            no primary metric
          </span>
        )}
      </td>
      <td title={formatTime(project.last_activity)}>{formatAgo(project.last_activity, now) || "never"}</td>
    </tr>
  );
}

function FirstSteps({ path }: { path: string | null }) {
  return (
    <Empty page title="No runs yet">
      <p>
        {path ? (
          <>
            The store at <code>{path}</code> is empty.
          </>
        ) : (
          "This store is empty."
        )}{" "}
        Train some small models and watch them appear here:
      </p>
      <Snippet label="the command" text="trackrecord demo" />
      <p>Or record a run of your own. This page shows it the moment it begins; nothing needs to be reloaded.</p>
      <Snippet label="the example" text={FIRST_RUN} />
    </Empty>
  );
}
