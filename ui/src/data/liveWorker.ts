/** Shared by all tabs of a browser: one event stream for all of them, because a browser opens only six connections to a host. */

import { EventFeed } from "./eventFeed";
import { GONE_AFTER_MS, SLEEP_AFTER_HIDDEN_MS, type FromWorker, type ToWorker } from "./liveProtocol";

interface Tab {
  seen: number;
  visible: boolean;
}

const tabs = new Map<MessagePort, Tab>();
let feed: EventFeed | null = null;
let lastVisible = Date.now();

function tell(message: FromWorker): void {
  for (const port of tabs.keys()) port.postMessage(message);
}

function onMessage(port: MessagePort, message: ToWorker): void {
  const tab = tabs.get(port) ?? { seen: 0, visible: true };
  tab.seen = Date.now();
  if (message.kind === "leave") {
    tabs.delete(port);
  } else if (message.kind === "alive") {
    tabs.set(port, { ...tab, visible: message.visible });
  } else {
    tabs.set(port, tab);
    feed ??= new EventFeed(message.url, {
      onStatus: (status) => tell({ kind: "status", status }),
      onChange: (change) => tell({ kind: "changed", change }),
    });
    port.postMessage({ kind: "status", status: feed.status } satisfies FromWorker);
  }
  decide();
}

function decide(): void {
  const now = Date.now();
  for (const [port, tab] of tabs) if (now - tab.seen > GONE_AFTER_MS) tabs.delete(port);
  if ([...tabs.values()].some((tab) => tab.visible)) lastVisible = now;
  if (tabs.size === 0 || now - lastVisible > SLEEP_AFTER_HIDDEN_MS) feed?.sleep();
  else feed?.open();
}

setInterval(decide, 15_000);

self.addEventListener("connect", (event) => {
  const port = (event as MessageEvent).ports[0]!;
  port.onmessage = (message: MessageEvent<ToWorker>) => onMessage(port, message.data);
});
