/** Numbers as people read them. Exact values stay available: whoever shows a short form puts `exact` into its title. */

import type { ApiNumber, Json } from "../api/types";

/** The number behind the API's encoding: "NaN" and the infinities are strings there. */
export function toNumber(value: ApiNumber | null | undefined): number {
  if (value === null || value === undefined) return NaN;
  if (typeof value === "number") return value;
  return Number(value);
}

/** True for what the API means as a number: numbers and the strings that stand for special ones. */
export function isNumeric(value: unknown): value is ApiNumber {
  return typeof value === "number" || value === "NaN" || value === "Infinity" || value === "-Infinity";
}

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Up to `digits` significant digits: 14,950; 0.9812; 3.2e-6. */
export function formatNumber(value: ApiNumber | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value === "Infinity" ? "∞" : value === "-Infinity" ? "-∞" : value;
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e9 || size < 1e-4) return exponent(value, digits);
  if (Number.isInteger(value)) return grouped.format(value);
  if (size >= 10 ** digits) return grouped.format(value);
  return trimZeros(value.toPrecision(digits));
}

function exponent(value: number, digits: number): string {
  const [mantissa = "", power = ""] = value.toExponential(digits - 1).split("e");
  return `${trimZeros(mantissa)}e${power.replace("+", "")}`;
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Short form for an axis: 14k, 1.5M, 0.02. */
export function formatTick(value: number, step: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const units: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [unit, name] of units) {
    if (size >= unit && size < 1e15) return trimZeros((value / unit).toFixed(decimals(step / unit))) + name;
  }
  if (size < 1e-4 || size >= 1e15) return exponent(value, 3);
  return trimZeros(value.toFixed(decimals(step)));
}

function decimals(step: number): number {
  return Math.max(0, Math.min(12, -Math.floor(Math.log10(Math.abs(step) || 1) + 1e-9)));
}

/** A param as it was given: inputs are never rounded, save the noise of binary fractions. */
export function formatValue(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") {
    const short = Number(value.toPrecision(12));
    return Math.abs(short) >= 1e4 && Number.isInteger(short) && Math.abs(short) < 1e9
      ? grouped.format(short)
      : String(short);
  }
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** The value with nothing left out, for a tooltip. */
export function exact(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : trimZeros(size.toPrecision(3))} ${units[unit]}`;
}

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${grouped.format(count)} ${count === 1 ? one : many}`;
}
