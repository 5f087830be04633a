/** The console of one run: starts with its end, then takes what is added, in order and once. */

import { getJson, part } from "../../api/client";
import type { ConsolePage } from "../../api/types";
import { onChange } from "../../data/live";
import { Signal } from "../../data/signal";
import { showLine, type ShownLine } from "./console";

export interface ConsoleView {
  lines: readonly ShownLine[];
  total: number;
  loaded: boolean;
  error: unknown;
}

const FIRST_LINES = 1000;
const MOST_LINES = 1000;
const MIN_INTERVAL_MS = 700;
const RETRY_MS = 4000;

export class ConsoleFeed {
  readonly view = new Signal<ConsoleView>({ lines: [], total: 0, loaded: false, error: null });
  private last = 0;
  private asking = false;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stop: () => void;
  private closed = false;

  constructor(private readonly run: string) {
    this.stop = onChange((change) => {
      if (change.runs === null || change.runs.some((item) => item.id === run)) this.wake(MIN_INTERVAL_MS);
    });
    void this.ask();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.stop();
  }

  /** Fetches the lines before the first one held. */
  async loadEarlier(): Promise<void> {
    const first = this.view.value.lines[0]?.n ?? 1;
    const after = Math.max(0, first - 1 - MOST_LINES);
    try {
      const page = await this.fetch({ after, limit: first - 1 - after });
      const lines = page.lines.filter((line) => line.n < first).map(showLine);
      this.view.set({ ...this.view.value, lines: [...lines, ...this.view.value.lines] });
    } catch (error) {
      this.view.set({ ...this.view.value, error });
    }
  }

  private fetch(query: { after?: number; limit: number; tail?: number }): Promise<ConsolePage> {
    return getJson<ConsolePage>(`/runs/${part(this.run)}/console`, query);
  }

  private wake(delay: number): void {
    this.again = this.asking;
    if (!this.asking) this.timer ??= setTimeout(() => void this.ask(), delay);
  }

  private async ask(): Promise<void> {
    this.timer = undefined;
    this.asking = true;
    let delay: number | null = null;
    try {
      const { loaded } = this.view.value;
      const page = await this.fetch(loaded ? { after: this.last, limit: MOST_LINES } : { limit: FIRST_LINES, tail: 1 });
      if (this.closed) return;
      const fresh = page.lines.filter((line) => line.n > this.last).map(showLine);
      this.last = fresh.at(-1)?.n ?? this.last;
      this.view.set({
        lines: fresh.length > 0 ? [...this.view.value.lines, ...fresh] : this.view.value.lines,
        total: page.total,
        loaded: true,
        error: null,
      });
      if (fresh.length === MOST_LINES) delay = 0;
    } catch (error) {
      if (this.closed) return;
      this.view.set({ ...this.view.value, error });
      delay = RETRY_MS;
    } finally {
      this.asking = false;
    }
    if (this.again) delay ??= MIN_INTERVAL_MS;
    this.again = false;
    if (delay !== null) this.wake(delay);
  }
}
