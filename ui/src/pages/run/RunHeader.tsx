import type { ReactNode } from "react";
import { useRun } from "../../api/queries";
import type { RunDetail } from "../../api/types";
import { Link } from "../../app/navigation";
import { urls, type RunTab } from "../../app/urls";
import { runNews } from "../../data/refresh";
import { useSignal } from "../../data/signal";
import { formatCount, formatNumber } from "../../format/numbers";
import { formatAgo, formatDuration, formatTime } from "../../format/times";
import { useNow } from "../../format/useNow";
import { Copy } from "../../parts/Copy";
import { Icon } from "../../parts/Icon";
import { StateMark } from "../../parts/RunMarks";
import { filterBy } from "../runs/filterText";
import css from "./run.module.css";

/** Who this run is: the same on all of its tabs. */
export function RunHeader({ run, tab }: { run: RunDetail; tab: RunTab }) {
  const now = useNow();
  const news = useSignal(runNews).get(run.id);
  const to = (id: string) => urls.run(run.project, id, tab);
  return (
    <header className={css.header}>
      <div className={css.title}>
        <h1>{run.name}</h1>
        <StateMark state={news?.state ?? run.state} />
        <span className={css.id}>
          <code title={run.id}>{run.id.slice(-8)}</code>
          <Copy text={run.id} label="Copy the run's id" />
        </span>
        {run.tags.map((tag) => (
          <span key={tag} className={css.tag}>
            {tag}
          </span>
        ))}
        <nav className={css.siblings} aria-label="Neighbouring runs">
          <Sibling id={run.siblings.previous} label="Previous run" icon="left" to={to} />
          <Sibling id={run.siblings.next} label="Next run" icon="right" to={to} />
        </nav>
      </div>
      <dl className={css.facts}>
        <Fact name="Started">
          <span title={formatTime(run.started ?? run.created)}>{formatAgo(run.started ?? run.created, now)}</span>
        </Fact>
        <Fact name="Duration">
          <span className="number">{formatDuration(run.duration_s)}</span>
        </Fact>
        <Fact name="Last step">
          <span className="number">{formatNumber(news?.last_step ?? run.last_step)}</span>
        </Fact>
        <Fact name="By">{[run.user, run.host].filter(Boolean).join(" on ")}</Fact>
        <Fact name="Experiment">
          {run.experiment && (
            <Link to={urls.runs(run.project, { q: filterBy("experiment", run.experiment) })}>{run.experiment}</Link>
          )}
        </Fact>
        <Fact name="Group">
          {run.group && <Link to={urls.runs(run.project, { q: filterBy("group", run.group) })}>{run.group}</Link>}
        </Fact>
        <Fact name="Part of">{run.parent && <RunLink project={run.project} run={run.parent} />}</Fact>
        <Fact name="Forked from">
          {run.forked_from && (
            <Link to={urls.run(run.project, run.forked_from.run)}>
              {run.forked_from.run.slice(-8)} at step {formatNumber(run.forked_from.step)}
            </Link>
          )}
        </Fact>
        <Fact name="Children">
          {run.children.length > 0 &&
            run.children.slice(0, 6).map((child) => (
              <Link key={child.id} to={urls.run(run.project, child.id)} className={css.childLink}>
                {child.name}
              </Link>
            ))}
          {run.children.length > 6 && ` and ${formatNumber(run.children.length - 6)} more`}
        </Fact>
        <Fact name="Writers">{run.writers.length > 1 && formatNumber(run.writers.length)}</Fact>
      </dl>
      {run.hypothesis && (
        <p className={css.hypothesis}>
          <b>Hypothesis</b> {run.hypothesis}
        </p>
      )}
      {run.notes && <p className={css.notes}>{run.notes}</p>}
      <Problems run={run} />
    </header>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  const empty = Array.isArray(children) ? children.every((child) => !child) : !children;
  if (empty) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Another run by its name, or by the end of its id while that is not known. */
function RunLink({ project, run }: { project: string; run: string }) {
  const { data } = useRun(run);
  return <Link to={urls.run(data?.project ?? project, run)}>{data?.name ?? run.slice(-8)}</Link>;
}

function Sibling({
  id,
  label,
  icon,
  to,
}: {
  id: string | null;
  label: string;
  icon: "left" | "right";
  to: (id: string) => string;
}) {
  if (!id)
    return (
      <span className="button plain" aria-hidden="true" data-disabled="true">
        <Icon name={icon} />
      </span>
    );
  return (
    <Link to={to(id)} className="button plain" aria-label={label} title={label}>
      <Icon name={icon} />
    </Link>
  );
}

/** What went wrong, at the top, because a run with problems must not look like one without. */
function Problems({ run }: { run: RunDetail }) {
  const conflicts = Object.entries(run.param_conflicts);
  return (
    <>
      {run.traceback && (
        <details className={css.traceback} open>
          <summary>
            {lastLine(run.traceback)}
            {run.exit_code !== null && <span className="muted"> exit code {run.exit_code}</span>}
          </summary>
          <pre tabIndex={0} role="region" aria-label="Traceback">
            {run.traceback}
          </pre>
        </details>
      )}
      {(run.problems_list.length > 0 || conflicts.length > 0) && (
        <details className={css.problems} open={run.problems_list.length + conflicts.length <= 3}>
          <summary>
            {formatCount(run.problems_list.length + conflicts.length, "problem")} while recording; the run went on
          </summary>
          <ul>
            {run.problems_list.map((problem) => (
              <li key={`${problem.code} ${problem.message}`}>
                {problem.message}
                <span
                  className="muted number"
                  title={`first ${formatTime(problem.first)}, last ${formatTime(problem.last)}`}
                >
                  {" "}
                  {problem.count > 1 ? `${formatNumber(problem.count)} times` : "once"}
                </span>
              </li>
            ))}
            {conflicts.map(([key, values]) => (
              <li key={key}>
                The param <code>{key}</code> was set to different values:{" "}
                {values.map((value) => JSON.stringify(value)).join(", then ")}. The first one holds.
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function lastLine(traceback: string): string {
  return traceback.trimEnd().split("\n").at(-1) ?? "";
}
