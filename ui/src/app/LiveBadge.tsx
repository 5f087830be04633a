import { liveStatus, setPaused, type LiveStatus } from "../data/live";
import { useSignal } from "../data/signal";
import { Icon } from "../parts/Icon";
import css from "./shell.module.css";

const WORDS: Record<LiveStatus, [word: string, meaning: string]> = {
  connecting: ["Connecting", "Asking the server for what changes."],
  live: ["Live", "What runs log shows up here by itself. Press to hold the page still."],
  paused: ["Paused", "The page holds still. Press to go on."],
  lost: ["Lost", "The server does not answer; trying again by itself."],
};

/** Says whether the page follows the runs, and stops or restarts that. */
export function LiveBadge() {
  const status = useSignal(liveStatus);
  const [word, meaning] = WORDS[status];
  return (
    <button
      type="button"
      className={css.live}
      data-status={status}
      title={meaning}
      aria-pressed={status === "paused"}
      aria-label={`${word}. ${meaning}`}
      disabled={status === "connecting" || status === "lost"}
      onClick={() => setPaused(status === "live")}
    >
      {status === "paused" ? <Icon name="pause" /> : <i aria-hidden="true" />}
      {word}
    </button>
  );
}
