/** Which x axis a chart gets: the page's choice, or else what the metric's contract asks for. */

import type { Axis } from "../data/series";
import { SYSTEM } from "./sections";

/** `auto`: the one of each metric's contract. */
export type AxisChoice = "auto" | "step" | "relative" | "wall";

export interface ChosenAxis {
  axis: Axis;
  /** Why it is not the axis that the contract asks for. */
  note: string | null;
}

/** The axis of the page's zoom; charts over another one have a zoom of their own. */
export function pageAxis(choice: AxisChoice): Axis {
  return choice === "auto" ? "step" : choice;
}

/**
 * An explicit choice holds for every chart. Otherwise the contract's `x` does, where the runs logged it; without one the
 * machine is shown over time, since it is not measured in training steps, and all else over steps.
 */
export function axisFor(
  metric: string,
  choice: AxisChoice,
  wanted: string | null | undefined,
  logged: ReadonlySet<string>,
): ChosenAxis {
  if (choice !== "auto") return { axis: choice, note: null };
  if (wanted === "step" || wanted === "relative" || wanted === "wall") return { axis: wanted, note: null };
  if (wanted)
    return logged.has(wanted)
      ? { axis: `metric:${wanted}`, note: null }
      : { axis: "step", note: `over steps: no ${wanted} logged` };
  return { axis: metric.startsWith(`${SYSTEM}/`) ? "relative" : "step", note: null };
}

/** What is said of a chart whose points have no value of the wanted metric at their steps. */
export function misfitNote(axis: Axis): string {
  return `over steps: no ${axis.slice("metric:".length)} at these steps`;
}
