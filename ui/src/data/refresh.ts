/** Turns changes of the store into new requests: at most one round a second, and less often for long tables. */

import type { InfiniteData, Query, QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/client";
import type { Change, RunState } from "../api/types";
import { onChange } from "./live";
import { seriesStore } from "./series";
import { Signal } from "./signal";

export interface RunNews {
  state: RunState;
  last_step: number | null;
}

/** The newest state and step of runs that changed while this page was open; tables show it before their next request. */
export const runNews = new Signal<ReadonlyMap<string, RunNews>>(new Map());

const ROUND_MS = 1000;
const MS_PER_TABLE_PAGE = 1500;

export function refreshOnChange(client: QueryClient): () => void {
  let everything = false;
  let runs = new Set<string>();
  let projects = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;

  const round = () => {
    timer = undefined;
    last = performance.now();
    const now = { everything, runs, projects };
    [everything, runs, projects] = [false, new Set<string>(), new Set<string>()];
    void client.invalidateQueries({
      predicate: (query) => {
        if (!concerns(query, now) || isRefused(query)) return false;
        if (query.queryKey[0] !== "runs" || !isEarly(query)) return true;
        // Too early for a table of many pages: next round.
        for (const name of now.projects) projects.add(name);
        everything ||= now.everything;
        timer ??= setTimeout(round, ROUND_MS);
        return false;
      },
    });
  };

  return onChange((change) => {
    noteNews(change);
    seriesStore.changed(change.runs && new Set(change.runs.map((run) => run.id)));
    if (change.runs === null) everything = true;
    else for (const run of change.runs) runs.add(run.id);
    for (const name of change.projects) projects.add(name);
    timer ??= setTimeout(round, Math.max(0, last + ROUND_MS - performance.now()));
  });
}

/** A question that the server refused is refused again, whatever is logged meanwhile; a project or run may still come to be. */
function isRefused({ state }: Query): boolean {
  return state.status === "error" && state.error instanceof ApiError && state.error.status === 400;
}

function isEarly(query: Query): boolean {
  const pages = (query.state.data as InfiniteData<unknown> | undefined)?.pages?.length ?? 1;
  return query.state.dataUpdatedAt + (pages - 1) * MS_PER_TABLE_PAGE > Date.now();
}

/** Whether what a request answered may have changed. The first word of a key says what was asked, the second about what. */
export function concerns(
  query: Pick<Query, "queryKey" | "state">,
  news: { everything: boolean; runs: ReadonlySet<string>; projects: ReadonlySet<string> },
): boolean {
  if (news.everything) return true;
  const [kind, about] = query.queryKey as [string, string | string[] | undefined];
  if (kind === "store" || kind === "projects" || kind === "latest") return true;
  if (kind === "project" || kind === "runs") return news.projects.has(about as string);
  if (kind === "run" || kind === "media") {
    const id = (query.state.data as { id?: string } | undefined)?.id;
    return news.runs.has(about as string) || (id !== undefined && news.runs.has(id));
  }
  if (kind === "compare") return (about as string[]).some((id) => news.runs.has(id));
  return false;
}

function noteNews(change: Change): void {
  if (!change.runs || change.runs.length === 0) return;
  const next = new Map(runNews.value);
  for (const run of change.runs) next.set(run.id, { state: run.state, last_step: run.last_step });
  runNews.set(next);
}
