import type { RunState } from "../api/types";
import { colourOf, dashOf } from "../chart/palette";
import { useTheme } from "../data/theme";
import css from "./parts.module.css";

const MEANING: Record<RunState, string> = {
  running: "The run is going on.",
  silent: "No sign of life for two minutes; it may be waiting, or gone.",
  finished: "The run came to its end.",
  failed: "An exception ended the run.",
  stopped: "A person stopped the run.",
  crashed: "The run's process is gone without having said why.",
};

/** The state in three ways at once: shape, word and colour. */
export function StateMark({ state }: { state: RunState }) {
  return (
    <span className={css.state} data-state={state} title={MEANING[state]}>
      <i aria-hidden="true" />
      {state}
    </span>
  );
}

/** The short line in which a run is drawn in charts. */
export function Swatch({ style }: { style: number }) {
  const colour = colourOf(style, useTheme());
  const dash = dashOf(style);
  return (
    <svg width="16" height="10" viewBox="0 0 16 10" aria-hidden="true" className={css.swatch}>
      <line x1="0" y1="5" x2="16" y2="5" stroke={colour} strokeWidth="3" strokeDasharray={dash.join(" ")} />
    </svg>
  );
}
