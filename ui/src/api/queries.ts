/** The requests of the pages. Keys begin with what is asked and about what: `data/refresh.ts` reads them. */

import { keepPreviousData, QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getJson, isPassing, part } from "./client";
import type { Comparison, MediaEntry, Page, Project, ProjectDetail, RunDetail, RunRow, StoreInfo } from "./types";

const RETRY_MS = 3000;
/** Rows with the fields of the run only. */
const NO_COLUMNS = "none";
/** The first screen of a table comes quickly; what is scrolled to comes in larger parts. */
const FIRST_ROWS = 100;
const MORE_ROWS = 500;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // A server on this machine is reached without any network.
        networkMode: "always",
        retry: false,
        refetchOnWindowFocus: false,
        staleTime: 2000,
        // When the server is away, ask again until it is back.
        refetchInterval: (query) => (query.state.status === "error" && isPassing(query.state.error) ? RETRY_MS : false),
      },
    },
  });
}

export function useStore() {
  return useQuery({ queryKey: ["store"], queryFn: ({ signal }) => getJson<StoreInfo>("/store", {}, signal) });
}

export function useProjects() {
  return useQuery({
    queryKey: ["projects"],
    queryFn: ({ signal }) => getJson<Page<Project>>("/projects", { limit: 1000 }, signal),
  });
}

/** The newest runs of all projects. */
export function useLatestRuns() {
  return useQuery({
    queryKey: ["latest"],
    queryFn: ({ signal }) => getJson<Page<RunRow>>("/runs", { columns: NO_COLUMNS, limit: 12 }, signal),
  });
}

export function useProject(name: string) {
  return useQuery({
    queryKey: ["project", name],
    queryFn: ({ signal }) => getJson<ProjectDetail>(`/projects/${part(name)}`, {}, signal),
    enabled: name !== "",
  });
}

/** A list in one parameter; a comma inside a name gets a backslash. */
function listed(columns: readonly string[]): string {
  return columns.map((name) => name.replaceAll(",", "\\,")).join(",") || NO_COLUMNS;
}

export interface RunsRequest {
  project: string;
  q: string;
  sort: string;
  /** Names of columns as the API writes them: `params.lr`, `metrics.val/accuracy`, `summary.accuracy`. */
  columns: string[];
}

export function useRuns({ project, q, sort, columns }: RunsRequest, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["runs", project, q, sort, columns],
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<RunRow>>(
        "/runs",
        { project, q, sort, columns: listed(columns), limit: pageParam ? MORE_ROWS : FIRST_ROWS, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** Some rows with some of their values, asked for once: from them the table chooses the columns it begins with. */
export function useSample(project: string, columns: string[], enabled: boolean) {
  return useQuery({
    queryKey: ["sample", project, columns],
    queryFn: ({ signal }) => getJson<Page<RunRow>>("/runs", { project, columns: listed(columns), limit: 60 }, signal),
    staleTime: 60_000,
    enabled,
  });
}

export function useExperimentRuns(project: string, q: string, sort: string, columns: string[]) {
  return useQuery({
    queryKey: ["runs", project, "experiment", q, sort, columns],
    queryFn: ({ signal }) =>
      getJson<Page<RunRow>>("/runs", { project, q, sort, columns: listed(columns), limit: 50 }, signal),
  });
}

export function useRun(run: string) {
  return useQuery({
    queryKey: ["run", run],
    queryFn: ({ signal }) => getJson<RunDetail>(`/runs/${part(run)}`, {}, signal),
  });
}

export function useComparison(runs: string[]) {
  return useQuery({
    queryKey: ["compare", runs],
    queryFn: ({ signal }) => getJson<Comparison>("/compare", { runs: runs.join(",") }, signal),
    enabled: runs.length > 0,
    placeholderData: keepPreviousData,
  });
}

/** Entries of a key, the newest first. */
export function useMedia(run: string, key: string) {
  return useInfiniteQuery({
    queryKey: ["media", run, key],
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<MediaEntry>>(
        `/runs/${part(run)}/media/${part(key)}`,
        { order: "desc", limit: 200, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}
