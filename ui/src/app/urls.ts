/** Addresses of the page: every state a person can be in has one, and this file is the only place that knows their form. */

export const RUN_TABS = ["charts", "params", "environment", "console", "media", "artifacts"] as const;
export type RunTab = (typeof RUN_TABS)[number];

export type Route =
  | { page: "projects" }
  | { page: "runs"; project: string }
  | { page: "compare"; project: string }
  | { page: "experiments"; project: string }
  | { page: "run"; project: string; run: string; tab: RunTab }
  | { page: "missing" };

/** Path under which the page is served, without a slash at the end: "" at the root of a host, "/proxy/8765" behind a proxy. */
export function basePath(baseUri: string): string {
  return new URL(".", baseUri).pathname.replace(/\/$/, "");
}

/** What a pathname shows. Names are percent-encoded in it, so a project may be called `a/b c?`. */
export function parseRoute(pathname: string, base = ""): Route {
  if (!pathname.startsWith(base)) return { page: "missing" };
  const parts: string[] = [];
  for (const part of pathname.slice(base.length).split("/")) {
    if (part === "") continue;
    try {
      parts.push(decodeURIComponent(part));
    } catch {
      return { page: "missing" };
    }
  }
  if (parts.length === 0) return { page: "projects" };
  const [prefix, project, section, run, tab] = parts;
  if (prefix !== "p" || project === undefined) return { page: "missing" };
  if (section === undefined) return { page: "runs", project };
  if (section === "r") {
    if (run === undefined || parts.length > 5) return { page: "missing" };
    if (tab === undefined) return { page: "run", project, run, tab: "charts" };
    const known = RUN_TABS.find((name) => name === tab);
    return known ? { page: "run", project, run, tab: known } : { page: "missing" };
  }
  if (parts.length > 3) return { page: "missing" };
  if (section === "runs" || section === "compare" || section === "experiments") return { page: section, project };
  return { page: "missing" };
}

function path(...parts: string[]): string {
  return "/" + parts.map(encodeURIComponent).join("/");
}

/** Paths without the base; `Link` and `go` add it. */
export const urls = {
  projects: () => "/",
  runs: (project: string, params: { q?: string; sort?: string | null; cols?: string | null } = {}) =>
    withParams(path("p", project, "runs"), params),
  compare: (project: string, runs: string[]) => withParams(path("p", project, "compare"), { r: runs.join(",") }),
  experiments: (project: string) => path("p", project, "experiments"),
  run: (project: string, run: string, tab?: RunTab) =>
    path("p", project, "r", run, ...(tab && tab !== "charts" ? [tab] : [])),
};

export function withParams(pathname: string, params: Record<string, string | null | undefined>): string {
  const search = writeParams(new URLSearchParams(), params);
  return search ? `${pathname}?${search}` : pathname;
}

/** Query string after changing some parameters; a parameter set to null or "" is left out. */
export function writeParams(current: URLSearchParams, changes: Record<string, string | null | undefined>): string {
  const next = new URLSearchParams(current);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") next.delete(name);
    else next.set(name, value);
  }
  // Commas and slashes are legal in a query and far easier to read than %2C and %2F.
  return next.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
}

/** Lists in one parameter: names are separated by commas, and a comma inside a name is written `%2C`. */
export function joinNames(names: string[]): string {
  return names.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
}

export function splitNames(text: string | null): string[] {
  if (!text) return [];
  return text
    .split(",")
    .filter(Boolean)
    .map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%"));
}

/** `lo,hi` of a zoomed x axis, or null when it is absent or nonsense. */
export function parseRange(text: string | null): [number, number] | null {
  if (!text) return null;
  const parts = text.split(",").map(Number);
  const [low, high] = parts;
  if (parts.length !== 2 || low === undefined || high === undefined) return null;
  return Number.isFinite(low) && Number.isFinite(high) && low < high ? [low, high] : null;
}
