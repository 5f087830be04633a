/**
 * Curves outside React. A chart holds a `SeriesView`; the store asks the server for all views on the screen in one request, and
 * for a view at most twice a second, however often its runs change.
 */

import { ApiError, apiUrl, send } from "../api/client";
import { decodeFrame, type Series, type SeriesFrame } from "../api/frame";

export type Axis = "step" | "relative" | "wall" | `metric:${string}`;

export interface SeriesRequest {
  runs: readonly string[];
  metric: string;
  axis: Axis;
  low: number | null;
  high: number | null;
  pixels: number;
}

interface Batch {
  series: { run: string; metric: string }[];
  x: Axis;
  low: number | null;
  high: number | null;
  pixels: number;
}

export type FetchFrame = (batch: Batch) => Promise<SeriesFrame>;

const MIN_INTERVAL_MS = 500;
const RETRY_MS = 4000;
/** The most series the server takes in one request. */
const MAX_SERIES = 2000;

async function fetchFrame(batch: Batch): Promise<SeriesFrame> {
  const response = await send(apiUrl("/series"), {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/vnd.trackrecord.frame" },
    body: JSON.stringify(batch),
  });
  return decodeFrame(await response.arrayBuffer());
}

/** The curves of one chart: the latest answer, and what is wanted next. */
export class SeriesView {
  lines: readonly Series[] = [];
  /** The range the lines were asked for; it differs from the wanted one while a zoom loads. */
  loaded: SeriesRequest | null = null;
  error: ApiError | null = null;
  visible = false;
  dirty = true;
  busy = false;
  lastAsked = -Infinity;
  /** Grows with every answer and every error. */
  version = 0;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly store: SeriesStore,
    public request: SeriesRequest,
  ) {}

  /** Asks for something else: other runs, another axis, a zoomed range. The old lines stay until the new ones are there. */
  want(request: SeriesRequest): void {
    const same = JSON.stringify(request) === JSON.stringify(this.request);
    this.request = request;
    if (same) return;
    this.dirty = true;
    this.lastAsked = -Infinity;
    this.store.wake();
  }

  setVisible(visible: boolean): void {
    if (this.visible === visible) return;
    this.visible = visible;
    if (visible) this.store.wake();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  notify(): void {
    this.version += 1;
    for (const listener of [...this.listeners]) listener();
  }

  close(): void {
    this.store.drop(this);
  }
}

export class SeriesStore {
  private readonly views = new Set<SeriesView>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = Infinity;

  constructor(
    private readonly fetch: FetchFrame = fetchFrame,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  open(request: SeriesRequest): SeriesView {
    const view = new SeriesView(this, request);
    this.views.add(view);
    this.wake();
    return view;
  }

  drop(view: SeriesView): void {
    this.views.delete(view);
  }

  /** Marks the curves of these runs as old; null means of all runs. */
  changed(runs: ReadonlySet<string> | null): void {
    for (const view of this.views) {
      if (runs === null || view.request.runs.some((run) => runs.has(run))) view.dirty = true;
    }
    this.wake();
  }

  wake(delay = 0): void {
    const due = this.clock() + delay;
    if (due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => this.pump(), delay);
  }

  private pump(): void {
    this.due = Infinity;
    const now = this.clock();
    const groups = new Map<string, SeriesView[]>();
    let wait = Infinity;
    for (const view of this.views) {
      if (!view.dirty || !view.visible || view.busy) continue;
      const ready = view.lastAsked + (view.error ? RETRY_MS : MIN_INTERVAL_MS);
      if (ready > now) {
        wait = Math.min(wait, ready - now);
        continue;
      }
      const { axis, low, high, pixels } = view.request;
      const key = JSON.stringify([axis, low, high, pixels]);
      const group = groups.get(key);
      if (group) group.push(view);
      else groups.set(key, [view]);
    }
    for (const group of groups.values()) {
      for (const views of splitBySeries(group)) void this.load(views, now);
    }
    if (wait < Infinity) this.wake(wait);
  }

  private async load(views: SeriesView[], now: number): Promise<void> {
    const requests = views.map((view) => view.request);
    for (const view of views) {
      view.busy = true;
      view.dirty = false;
      view.lastAsked = now;
    }
    const { axis, low, high, pixels } = requests[0]!;
    try {
      const series = requests.flatMap(({ runs, metric }) => runs.map((run) => ({ run, metric })));
      const frame =
        series.length > 0 ? await this.fetch({ series, x: axis, low, high, pixels }) : { revision: 0, series: [] };
      let start = 0;
      views.forEach((view, i) => {
        const request = requests[i]!;
        view.lines = frame.series.slice(start, (start += request.runs.length));
        view.loaded = request;
        view.error = null;
      });
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError(0, "internal", String(error));
      for (const view of views) {
        view.error = failure;
        view.dirty = true;
      }
    }
    for (const view of views) {
      view.busy = false;
      view.notify();
    }
    if (views.some((view) => view.dirty)) this.wake();
  }
}

function splitBySeries(views: SeriesView[]): SeriesView[][] {
  const parts: SeriesView[][] = [];
  let size = Infinity;
  for (const view of views) {
    const count = view.request.runs.length;
    if (size + count > MAX_SERIES) {
      parts.push([]);
      size = 0;
    }
    parts[parts.length - 1]!.push(view);
    size += count;
  }
  return parts;
}

export const seriesStore = new SeriesStore();
