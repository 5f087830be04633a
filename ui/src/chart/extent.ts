/** What part of the plane a chart shows. */

import type { Series } from "../api/frame";

export type Extent = [low: number, high: number];

/** The x values of all lines, or null when there is no point at all. A single one gets a whole step on each side, but no axis below zero. */
export function xExtent(lines: readonly Series[]): Extent | null {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    const { x } = line;
    const room = line.exact || x.length < 2 ? 0 : bucketRoom(x);
    for (const value of x.length > 2 && isSorted(x) ? [x[0]!, x[x.length - 1]!] : x) {
      if (value - room < low) low = value - room;
      if (value + room > high) high = value + room;
    }
  }
  if (low > high) return null;
  if (low === high) return aroundOne(low);
  return [low, high];
}

function aroundOne(value: number): Extent {
  const room = Number.isInteger(value) ? 1 : 0.5;
  return [value >= 0 ? Math.max(0, value - room) : value - room, value + room];
}

/** A bucket stands at its middle and reaches half its width further: without that the axis of a long run would not begin at 0. */
function bucketRoom(x: Float64Array): number {
  return Math.abs(x[x.length - 1]! - x[0]!) / (x.length - 1) / 2;
}

function isSorted(x: Float64Array): boolean {
  return x[0]! <= x[x.length - 1]! && x[0]! <= x[x.length >> 1]!;
}

/**
 * The values between two x, with a little room above and below. The room of a value that never changes is a tenth of it; on a
 * logarithmic axis only values above zero count. Null when nothing can be shown.
 */
export function yExtent(lines: readonly Series[], from: number, to: number, log: boolean): Extent | null {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    for (let i = 0; i < line.x.length; i++) {
      const x = line.x[i]!;
      if (x < from || x > to) continue;
      const bottom = line.low[i]!;
      const top = line.high[i]!;
      if (Number.isFinite(bottom) && bottom < low && !(log && bottom <= 0)) low = bottom;
      if (Number.isFinite(top) && top > high && !(log && top <= 0)) high = top;
      if (log && bottom <= 0 && line.y[i]! > 0 && line.y[i]! < low) low = line.y[i]!;
    }
  }
  if (low > high) return null;
  if (log) {
    if (low === high) return [low / 2, high * 2];
    const room = (high / low) ** 0.05;
    return [low / room, high * room];
  }
  if (low === high) {
    const room = Math.abs(low) / 10 || 1;
    return [low - room, high + room];
  }
  const room = (high - low) * 0.06;
  // A value that touches zero from above does not get an axis below zero.
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}
