import { ComparePage } from "../pages/compare/ComparePage";
import { ExperimentsPage } from "../pages/experiments/ExperimentsPage";
import { ProjectsPage } from "../pages/projects/ProjectsPage";
import { RunPage } from "../pages/run/RunPage";
import { RunsPage } from "../pages/runs/RunsPage";
import { Empty } from "../parts/Messages";
import { ErrorBoundary } from "./ErrorBoundary";
import { Link, useRoute } from "./navigation";
import { Shell } from "./Shell";
import { urls, type Route } from "./urls";

export function App() {
  const route = useRoute();
  return (
    <Shell route={route}>
      <ErrorBoundary place={JSON.stringify(route)}>
        <Page route={route} />
      </ErrorBoundary>
    </Shell>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "projects":
      return <ProjectsPage />;
    case "runs":
      return <RunsPage key={route.project} project={route.project} />;
    case "compare":
      return <ComparePage key={route.project} project={route.project} />;
    case "experiments":
      return <ExperimentsPage project={route.project} />;
    case "run":
      return <RunPage key={route.run} project={route.project} run={route.run} tab={route.tab} />;
    case "missing":
      return (
        <Empty page title="There is no such page">
          <p>
            The address may be cut off or mistyped. <Link to={urls.projects()}>See all projects</Link>
          </p>
        </Empty>
      );
  }
}
