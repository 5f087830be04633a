import { Signal } from "./signal";

export interface Hover {
  /** Position of the crosshair on the x axis, shared by all charts with that axis. */
  x: number | null;
  axis: string;
  /** The run under the pointer, in a chart, a legend or a table. */
  run: string | null;
  /** Who set it, so that a chart knows whether to show its tooltip. */
  source: unknown;
}

const nothing: Hover = { x: null, axis: "", run: null, source: null };

/** What is being pointed at. Charts draw it on their overlay; nothing else is redrawn. */
export const hover = new Signal<Hover>(nothing);

export function hoverRun(run: string | null): void {
  if (hover.value.run !== run) hover.set({ ...nothing, run });
}

export function clearHover(source: unknown): void {
  if (hover.value.source === source) hover.set(nothing);
}
