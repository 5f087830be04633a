/** What is under a crosshair: the value of every line at one x, nearest to the pointer first. */

import type { Series } from "../api/frame";
import type { Layout } from "./model";
import { nearestIndex } from "./nearest";

export interface Pick {
  run: string;
  line: Series;
  index: number;
  /** Pixels between the pointer and the point; NaN for a point without a number. */
  distance: number;
}

export function pickAt(lines: readonly Series[], layout: Layout, x: number, pointerY: number | null): Pick[] {
  const reach = (layout.x.high - layout.x.low) / 20;
  const picks: Pick[] = [];
  for (const line of lines) {
    const index = nearestIndex(line.x, x);
    if (index < 0 || Math.abs(line.x[index]! - x) > Math.max(reach, spacing(line, index))) continue;
    const y = layout.y.toPixel(line.y[index]!);
    picks.push({ run: line.run, line, index, distance: pointerY === null ? y : Math.abs(y - pointerY) });
  }
  return picks.sort((a, b) => order(a.distance) - order(b.distance));
}

function order(distance: number): number {
  return Number.isNaN(distance) ? Infinity : distance;
}

/** A line of few points is met anywhere between them, but not far beyond its ends. */
function spacing(line: Series, index: number): number {
  const before = index > 0 ? line.x[index]! - line.x[index - 1]! : 0;
  const after = index + 1 < line.x.length ? line.x[index + 1]! - line.x[index]! : 0;
  return Math.max(before, after) / 2;
}
