/** What a chart shows, independent of how it is drawn. */

import type { Series } from "../api/frame";
import type { Axis } from "../data/series";
import type { Theme } from "../data/theme";
import { formatNumber } from "../format/numbers";
import { formatDuration, formatTime } from "../format/times";
import { xExtent, yExtent, type Extent } from "./extent";
import { linearScale, logScale, type Scale } from "./scale";
import { clockTicks, durationTicks, linearTicks, logTicks, type Tick } from "./ticks";

export interface LineStyle {
  run: string;
  label: string;
  /** Number of a style in the palette. */
  style: number;
}

export interface ChartModel {
  lines: readonly Series[];
  styles: ReadonlyMap<string, LineStyle>;
  axis: Axis;
  logY: boolean;
  zoom: Extent | null;
  theme: Theme;
}

export interface Size {
  width: number;
  height: number;
}

export interface Layout extends Size {
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: Scale;
  y: Scale;
  xTicks: Tick[];
  yTicks: Tick[];
  /** True when there is nothing to draw between these bounds. */
  empty: boolean;
}

const TOP = 8;
const RIGHT = 12;
const BOTTOM = 22;

/** Measures the chart: scales, ticks and the room that the labels need. */
export function layOut(model: ChartModel, size: Size, textWidth: (text: string) => number): Layout {
  const xRange = model.zoom ?? xExtent(model.lines);
  const yRange = xRange && yExtent(model.lines, xRange[0], xRange[1], model.logY);
  const [xLow, xHigh] = xRange ?? [0, 1];
  const [yLow, yHigh] = yRange ?? (model.logY ? [0.1, 10] : [0, 1]);
  const bottom = size.height - BOTTOM;
  const count = Math.max(2, Math.min(5, Math.floor((bottom - TOP) / 34)));
  const yTicks = model.logY ? logTicks(yLow, yHigh, count) : linearTicks(yLow, yHigh, count);
  const left = Math.ceil(Math.max(18, ...yTicks.map((tick) => textWidth(tick.label)))) + 10;
  const right = size.width - RIGHT;
  const columns = Math.max(2, Math.floor((right - left) / (model.axis === "wall" ? 92 : 76)));
  return {
    ...size,
    left,
    right,
    top: TOP,
    bottom,
    x: linearScale(xLow, xHigh, left, right),
    y: model.logY ? logScale(yLow, yHigh, bottom, TOP) : linearScale(yLow, yHigh, bottom, TOP),
    xTicks: xTicks(model.axis, xLow, xHigh, columns),
    yTicks,
    empty: yRange === null,
  };
}

function xTicks(axis: Axis, low: number, high: number, count: number): Tick[] {
  if (axis === "relative") return durationTicks(low, high, count);
  if (axis === "wall") return clockTicks(low, high, count);
  const ticks = linearTicks(low, high, count);
  // Steps are counted: an axis over two of them needs no half ones.
  const whole = ticks.filter((tick) => Number.isInteger(tick.value));
  return axis === "step" && whole.length >= 2 ? whole : ticks;
}

/** Where a point stands. The middle of a bucket of whole steps is a fraction that means nothing: it is rounded. */
export function positionOf(line: Series, index: number): number {
  const value = line.x[index]!;
  if (line.exact || line.x.length < 2) return value;
  const width = (line.x[line.x.length - 1]! - line.x[0]!) / (line.x.length - 1);
  return width >= 1 ? Math.round(value) : value;
}

/** A position on the x axis in words: "step 1,200", "12 min 03 s", "2026-11-20 18:56:00". */
export function describeX(axis: Axis, value: number): string {
  if (axis === "relative") return `${formatDuration(value)} after the start`;
  if (axis === "wall") return formatTime(new Date(value * 1000).toISOString());
  const name = axis === "step" ? "step" : axis.slice("metric:".length);
  return `${name} ${Number.isInteger(value) ? formatNumber(value) : formatNumber(value, 6)}`;
}

/** One sentence for somebody who does not see the chart. */
export function summarise(title: string, model: ChartModel): string {
  const drawn = model.lines.filter((line) => line.x.length > 0);
  if (drawn.length === 0) return `${title}: no points yet.`;
  const lasts = drawn.slice(0, 5).map((line) => {
    const label = model.styles.get(line.run)?.label ?? line.run;
    const last = line.x.length - 1;
    return `${label} ends at ${formatNumber(line.y[last]!)} (${describeX(model.axis, positionOf(line, last))})`;
  });
  const more = drawn.length > 5 ? ` and ${drawn.length - 5} more` : "";
  const log = model.logY ? ", logarithmic values" : "";
  return `${title}, ${drawn.length === 1 ? "one curve" : `${drawn.length} curves`} over ${axisName(model.axis)}${log}: ${lasts.join("; ")}${more}.`;
}

export function axisName(axis: Axis): string {
  if (axis === "relative") return "time since the start";
  if (axis === "wall") return "time";
  return axis === "step" ? "step" : axis.slice("metric:".length);
}
