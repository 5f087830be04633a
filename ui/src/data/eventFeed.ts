/** The server's event stream: opened, resumed where it ended, opened again after a while when the server is away. */

import type { Change } from "../api/types";
import type { FeedStatus } from "./liveProtocol";

export interface FeedEvents {
  onStatus(status: FeedStatus): void;
  onChange(change: Change): void;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10_000;

export class EventFeed {
  private source: EventSource | null = null;
  private revision: number | null = null;
  private retry = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private current: FeedStatus = "asleep";

  constructor(
    private readonly url: string,
    private readonly events: FeedEvents,
  ) {}

  get status(): FeedStatus {
    return this.current;
  }

  open(): void {
    if (this.source || this.timer !== undefined) return;
    if (this.current === "asleep") this.say("connecting");
    const source = new EventSource(this.revision === null ? this.url : `${this.url}?since=${this.revision}`);
    this.source = source;
    source.addEventListener("hello", (event) =>
      this.onHello((JSON.parse(event.data) as { revision: number }).revision),
    );
    source.addEventListener("changed", (event) => {
      const change = JSON.parse(event.data) as Change;
      this.revision = change.revision;
      this.events.onChange(change);
    });
    source.onerror = () => {
      // Not left to EventSource itself: it gives up for good when a proxy answers with an error page.
      source.close();
      this.source = null;
      this.say("lost");
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.open();
      }, this.retry);
      this.retry = Math.min(LONGEST_RETRY_MS, this.retry * 2);
    };
  }

  /** Ends the stream until `open` is called again. */
  sleep(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.source?.close();
    this.source = null;
    this.say("asleep");
  }

  private onHello(revision: number): void {
    this.retry = FIRST_RETRY_MS;
    const missed = this.revision !== null && this.revision !== revision;
    this.revision = revision;
    this.say("live");
    // The store moved on, or is another one, while nobody listened.
    if (missed) this.events.onChange({ revision, runs: null, projects: [] });
  }

  private say(status: FeedStatus): void {
    if (status === this.current) return;
    this.current = status;
    this.events.onStatus(status);
  }
}
