/** What changes in the store, told to this page: through the shared worker, or by asking every few seconds where there is none. */

import { apiUrl, getJson } from "../api/client";
import type { Change, StoreInfo } from "../api/types";
import { ALIVE_EVERY_MS, type FeedStatus, type FromWorker, type ToWorker } from "./liveProtocol";
import { Signal } from "./signal";

export type LiveStatus = "connecting" | "live" | "paused" | "lost";

const POLL_EVERY_MS = 3000;

export const liveStatus = new Signal<LiveStatus>("connecting");

type Listener = (change: Change) => void;
const listeners = new Set<Listener>();
let paused = false;
let missed = false;
let feedStatus: FeedStatus = "connecting";
let started = false;

/** Calls the listener with every change of the store, from now on. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Stops changes from reaching the page; on resuming, everything is looked at again if anything happened meanwhile. */
export function setPaused(next: boolean): void {
  paused = next;
  showStatus();
  if (!paused && missed) tell({ revision: 0, runs: null, projects: [] });
}

/** Passes a change on, or remembers that there was one while the page is paused. */
export function tell(change: Change): void {
  missed = paused;
  if (!paused) for (const listener of [...listeners]) listener(change);
}

function showStatus(): void {
  const feed = feedStatus === "asleep" ? "paused" : feedStatus;
  liveStatus.set(paused && feed !== "lost" ? "paused" : feed);
}

function setFeedStatus(status: FeedStatus): void {
  feedStatus = status;
  showStatus();
}

export function startLive(): void {
  if (started) return;
  started = true;
  const url = new URL(apiUrl("/events"), location.href).href;
  try {
    joinWorker(url);
  } catch {
    poll();
  }
}

function joinWorker(url: string): void {
  // The name keeps stores behind different prefixes of one host apart.
  const worker = new SharedWorker(new URL("./liveWorker.ts", import.meta.url), {
    type: "module",
    name: `trackrecord ${url}`,
  });
  const say = (message: ToWorker) => worker.port.postMessage(message);
  const alive = () => say({ kind: "alive", visible: document.visibilityState === "visible" });
  let heard = false;
  worker.port.onmessage = (event: MessageEvent<FromWorker>) => {
    heard = true;
    if (event.data.kind === "status") setFeedStatus(event.data.status);
    else tell(event.data.change);
  };
  worker.onerror = () => {
    if (!heard) poll();
    heard = true;
  };
  say({ kind: "open", url });
  setInterval(alive, ALIVE_EVERY_MS);
  document.addEventListener("visibilitychange", alive);
  window.addEventListener("pagehide", () => say({ kind: "leave" }));
  window.addEventListener("pageshow", (event) => event.persisted && say({ kind: "open", url }));
}

function poll(): void {
  let revision: number | null = null;
  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const info = await getJson<StoreInfo>("/store");
      setFeedStatus("live");
      if (revision !== null && info.revision !== revision) tell({ revision: info.revision, runs: null, projects: [] });
      revision = info.revision;
    } catch {
      setFeedStatus("lost");
    }
  };
  setInterval(() => void ask(), POLL_EVERY_MS);
  void ask();
}
