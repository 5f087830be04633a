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
/** Totals, counts and lists of names: nobody watches them change by the second. */
const SLOW_KINDS = new Set(["store", "projects", "project", "latest"]);
const SLOW_MS = 3000;

export function refreshOnChange(client: QueryClient): () => void {
  let news = { everything: false, runs: new Set<string>(), projects: new Set<string>() };
  /** Requests whose answers are old, and that wait until it is not too early to ask again. */
  const due = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -Infinity;

  const round = () => {
    timer = undefined;
    last = performance.now();
    const told = news;
    news = { everything: false, runs: new Set(), projects: new Set() };
    for (const query of client.getQueryCache().getAll()) {
      if (concerns(query, told) && !isRefused(query)) due.add(query.queryHash);
    }
    const ready = new Set(
      client
        .getQueryCache()
        .getAll()
        .filter((query) => due.has(query.queryHash) && !isEarly(query)),
    );
    void client.invalidateQueries({ predicate: (query) => ready.has(query) });
    for (const query of ready) due.delete(query.queryHash);
    for (const hash of due) if (!client.getQueryCache().get(hash)?.isActive()) due.delete(hash);
    if (due.size > 0) timer = setTimeout(round, ROUND_MS);
  };

  return onChange((change) => {
    noteNews(change);
    seriesStore.changed(change.runs && new Set(change.runs.map((run) => run.id)));
    if (change.runs === null) news.everything = true;
    else for (const run of change.runs) news.runs.add(run.id);
    for (const name of change.projects) news.projects.add(name);
    timer ??= setTimeout(round, Math.max(0, last + ROUND_MS - performance.now()));
  });
}

/** A question that the server refused is refused again, whatever is logged meanwhile; a project or run may still come to be. */
function isRefused({ state }: Query): boolean {
  return state.status === "error" && state.error instanceof ApiError && state.error.status === 400;
}

function isEarly(query: Query): boolean {
  const { queryKey, state } = query;
  if (state.data === undefined || !query.isActive()) return false;
  const pages = queryKey[0] === "runs" ? ((state.data as InfiniteData<unknown>).pages?.length ?? 1) : 1;
  const wait = SLOW_KINDS.has(queryKey[0] as string) ? SLOW_MS : (pages - 1) * MS_PER_TABLE_PAGE;
  return state.dataUpdatedAt + wait > Date.now();
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
