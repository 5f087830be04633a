import type { Change } from "../api/types";

/** What a page says to the worker that holds the one event stream of the browser. */
export type ToWorker = { kind: "open"; url: string } | { kind: "alive"; visible: boolean } | { kind: "leave" };

export type FeedStatus = "connecting" | "live" | "lost" | "asleep";

/** What the worker says to every page. */
export type FromWorker = { kind: "status"; status: FeedStatus } | { kind: "changed"; change: Change };

/** How often a page says that it is still there, and how long the worker waits for it (browsers slow the timers of hidden tabs). */
export const ALIVE_EVERY_MS = 20_000;
export const GONE_AFTER_MS = 150_000;
export const SLEEP_AFTER_HIDDEN_MS = 60_000;
