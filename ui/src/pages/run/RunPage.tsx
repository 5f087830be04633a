import { useEffect, useRef } from "react";
import { useRun } from "../../api/queries";
import type { RunDetail } from "../../api/types";
import { Link } from "../../app/navigation";
import { RUN_TABS, urls, type RunTab } from "../../app/urls";
import { formatNumber } from "../../format/numbers";
import { Failure, Loading } from "../../parts/Messages";
import { useTitle } from "../../parts/useTitle";
import { ArtifactsTab } from "./ArtifactsTab";
import { ChartsTab } from "./ChartsTab";
import { ConsoleTab } from "./ConsoleTab";
import { EnvironmentTab } from "./EnvironmentTab";
import { MediaTab } from "./MediaTab";
import { ParamsTab } from "./ParamsTab";
import css from "./run.module.css";
import { RunHeader } from "./RunHeader";

const TITLES: Record<RunTab, string> = {
  charts: "Charts",
  params: "Params",
  environment: "Environment",
  console: "Console",
  media: "Media",
  artifacts: "Artifacts",
};

export function RunPage({ project, run, tab }: { project: string; run: string; tab: RunTab }) {
  const { data, error, refetch } = useRun(run);
  useTitle(TITLES[tab], data?.name, project);
  const tabs = useRef<HTMLElement>(null);
  const loaded = data !== undefined;
  // Where the tabs don't fit side by side, the chosen one is moved into sight.
  useEffect(() => {
    const chosen = tabs.current?.querySelector<HTMLElement>("[aria-current]");
    if (!chosen) return;
    const [bar, place] = [tabs.current!.getBoundingClientRect(), chosen.getBoundingClientRect()];
    if (place.right > bar.right) tabs.current!.scrollLeft += place.right - bar.right;
    else if (place.left < bar.left) tabs.current!.scrollLeft -= bar.left - place.left;
  }, [tab, loaded]);
  if (!data) return error ? <Failure error={error} onRetry={() => void refetch()} /> : <Loading what="the run" />;
  return (
    <div className={css.page}>
      <RunHeader run={data} tab={tab} />
      <nav ref={tabs} className={css.tabs} aria-label="Parts of the run">
        {RUN_TABS.map((name) => (
          <Link key={name} to={urls.run(project, run, name)} aria-current={name === tab ? "page" : undefined}>
            {TITLES[name]}
            <Amount run={data} tab={name} />
          </Link>
        ))}
      </nav>
      <Tab run={data} tab={tab} />
    </div>
  );
}

function Tab({ run, tab }: { run: RunDetail; tab: RunTab }) {
  switch (tab) {
    case "charts":
      return <ChartsTab run={run} />;
    case "params":
      return <ParamsTab run={run} />;
    case "environment":
      return <EnvironmentTab run={run} />;
    case "console":
      return <ConsoleTab run={run} />;
    case "media":
      return <MediaTab run={run} />;
    case "artifacts":
      return <ArtifactsTab run={run} />;
  }
}

/** How much there is behind a tab, so that nobody opens it to find nothing. */
function Amount({ run, tab }: { run: RunDetail; tab: RunTab }) {
  const counts: Partial<Record<RunTab, number>> = {
    charts: run.metric_list.length,
    params: Object.keys(run.params).length,
    media: run.media.length,
    artifacts: run.artifacts.length,
  };
  const count = counts[tab];
  return count === undefined ? null : <span className="number">{formatNumber(count)}</span>;
}
