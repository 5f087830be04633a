/** Where the ticks of an axis stand and what is written there. */

import { formatTick } from "../format/numbers";
import { formatClock } from "../format/times";

export interface Tick {
  value: number;
  label: string;
}

/** Steps of 1, 2 or 5 times a power of ten, at most `count` ticks between `low` and `high`. */
export function linearTicks(low: number, high: number, count: number): Tick[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [{ value: low, label: formatTick(low, Math.abs(low) / 100 || 1) }];
  let step = niceStep(span / (count + 1));
  while (Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1 > Math.max(2, count))
    step = niceStep(step * 1.5);
  return evenly(low, high, step).map((value) => ({ value, label: formatTick(value, step) }));
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5]) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

function evenly(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const values: number[] = [];
  // The division by a whole number keeps 0.3 from becoming 0.30000000000000004.
  for (let i = first; i <= last && values.length < 100; i++)
    values.push(step < 1 ? i / Math.round(1 / step) : i * step);
  return step < 1 && Math.abs(Math.round(1 / step) * step - 1) > 1e-9
    ? values.map((_, i) => (first + i) * step)
    : values;
}

/** Powers of ten; with their 2 and 5 where few decades are shown; linear ones where not even one is. */
export function logTicks(low: number, high: number, count: number): Tick[] {
  const from = Math.floor(Math.log10(low) - 1e-9);
  const to = Math.ceil(Math.log10(high) + 1e-9);
  const decades = Math.log10(high / low);
  if (!Number.isFinite(decades) || decades < 0.5) return linearTicks(low, high, count);
  const stride = Math.max(1, Math.ceil(decades / count));
  const factors = decades * 3 <= count + 1 ? [1, 2, 5] : decades * 2 <= count ? [1, 3] : [1];
  const ticks: Tick[] = [];
  for (let power = Math.ceil(from / stride) * stride; power <= to; power += stride) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9))
        ticks.push({ value, label: formatTick(value, 10 ** power) });
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks(low, high, count);
}

const SECONDS = [1, 2, 5, 10, 15, 30];
const NICE_DURATIONS = [
  ...SECONDS,
  ...SECONDS.map((n) => n * 60),
  ...[1, 2, 3, 6, 12].map((n) => n * 3600),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * 86400),
];

function durationStep(rough: number): number {
  return NICE_DURATIONS.find((step) => step >= rough) ?? niceStep(rough / 86400) * 86400;
}

/** Seconds since a start: 30s, 5m, 1h30m, 2d. */
export function durationTicks(low: number, high: number, count: number): Tick[] {
  const rough = (high - low) / Math.max(1, count);
  if (rough < 0.5) return linearTicks(low, high, count).map((tick) => ({ ...tick, label: `${tick.label}s` }));
  return evenly(low, high, durationStep(rough)).map((value) => ({ value, label: shortDuration(value) }));
}

export function shortDuration(seconds: number): string {
  const sign = seconds < 0 ? "-" : "";
  let rest = Math.round(Math.abs(seconds));
  if (rest === 0) return "0";
  let text = "";
  for (const [size, name] of [
    [86400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${name}`;
    rest -= count * size;
  }
  return sign + text;
}

/** Seconds since 1970, written in the reader's time zone. */
export function clockTicks(low: number, high: number, count: number): Tick[] {
  const rough = (high - low) / Math.max(1, count);
  if (rough < 0.5) {
    return linearTicks(0, high - low, Math.max(1, count - 1)).map(({ value }) => ({
      value: low + value,
      label: preciseClock(low + value),
    }));
  }
  const step = durationStep(rough);
  const offset = new Date(low * 1000).getTimezoneOffset() * 60;
  return evenly(low - offset, high - offset, step).map((local) => {
    const value = local + offset;
    return { value, label: clockLabel(new Date(value * 1000), step) };
  });
}

function preciseClock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${formatClock(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function clockLabel(date: Date, step: number): string {
  const clock = formatClock(date);
  const day = `${date.toLocaleString("en-US", { month: "short" })} ${date.getDate()}`;
  if (step >= 86400) return day;
  if (step >= 60) return clock === "00:00:00" ? day : clock.slice(0, 5);
  return clock;
}
