import type { ReactNode } from "react";
import { useProject, useProjects, useRun, useStore } from "../api/queries";
import { liveStatus } from "../data/live";
import { useSignal } from "../data/signal";
import { formatNumber } from "../format/numbers";
import { LiveBadge } from "./LiveBadge";
import { Link } from "./navigation";
import css from "./shell.module.css";
import { ThemeSwitch } from "./ThemeSwitch";
import { urls, type Route } from "./urls";

/** What surrounds every page: brand, where one is, whether it is live, the theme, and the project's pages. */
export function Shell({ route, children }: { route: Route; children: ReactNode }) {
  const project = "project" in route ? route.project : null;
  return (
    <div className={css.shell} data-nav={project !== null}>
      <a
        className={css.skip}
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <header className={css.top}>
        <Link to={urls.projects()} className={css.brand}>
          <Mark />
          Trackrecord
        </Link>
        <Breadcrumb route={route} />
        <LiveBadge />
        <ThemeSwitch />
      </header>
      {project !== null && <ProjectNav project={project} route={route} />}
      <main id="main" className={css.main} tabIndex={-1}>
        <Notices />
        {children}
      </main>
    </div>
  );
}

function Mark() {
  return (
    <svg
      width="18"
      height="18"
      viewBox="0 0 18 18"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M2 13l4.5-5.5 3.5 3L16 4" />
    </svg>
  );
}

function Breadcrumb({ route }: { route: Route }) {
  if (!("project" in route)) return <span className={css.crumb} />;
  return (
    <nav aria-label="You are here" className={css.crumb}>
      <Link to={urls.runs(route.project)}>{route.project}</Link>
      {route.page === "run" && (
        <>
          <span aria-hidden="true">/</span>
          <RunName run={route.run} />
        </>
      )}
    </nav>
  );
}

function RunName({ run }: { run: string }) {
  const { data } = useRun(run);
  return <b aria-current="page">{data?.name ?? "…"}</b>;
}

function ProjectNav({ project, route }: { project: string; route: Route }) {
  const { data } = useProject(project);
  const { data: projects } = useProjects();
  const others = projects?.items.filter((item) => item.name !== project).slice(0, 8) ?? [];
  const here = (page: Route["page"]) => (route.page === page ? "page" : undefined);
  return (
    <nav aria-label="Project" className={css.nav}>
      <ul>
        <li>
          <Link to={urls.runs(project)} aria-current={here("runs")} data-inside={route.page === "run"}>
            Runs<span className="number">{data ? formatNumber(data.runs) : ""}</span>
          </Link>
        </li>
        <li>
          <Link to={urls.compare(project, [])} aria-current={here("compare")}>
            Compare
          </Link>
        </li>
        <li>
          <Link to={urls.experiments(project)} aria-current={here("experiments")}>
            Experiments<span className="number">{data ? formatNumber(data.experiments.length) : ""}</span>
          </Link>
        </li>
      </ul>
      {others.length > 0 && (
        <div className={css.others}>
          <h2>Other projects</h2>
          <ul>
            {others.map((item) => (
              <li key={item.name}>
                <Link to={urls.runs(item.name)} title={item.name}>
                  <em>{item.name}</em>
                  <span className="number">{formatNumber(item.runs)}</span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      )}
    </nav>
  );
}

/** Things that hold for the whole page: the server is away, or the store can't be brought up to date. */
function Notices() {
  const status = useSignal(liveStatus);
  const { data } = useStore();
  if (status === "lost") {
    return (
      <p className={css.notice} role="status">
        The server does not answer. What you see is the last that it said; the page goes on by itself when it is back.
      </p>
    );
  }
  if (data?.problem)
    return (
      <p className={css.notice} role="status">
        {data.problem}
      </p>
    );
  return null;
}
