import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatNumber, formatTick, formatValue, toNumber } from "./numbers";
import { formatAgo, formatDuration } from "./times";

describe("formatNumber", () => {
  it.each([
    [0.98123, "0.9812"],
    [0.9, "0.9"],
    [14_950, "14,950"],
    [12_345.678, "12,346"],
    [0, "0"],
    [-0.5, "-0.5"],
    [3.2e-6, "3.2e-6"],
    [1.5e12, "1.5e12"],
    [100, "100"],
    ["NaN", "NaN"],
    ["-Infinity", "-∞"],
    ["123456789012345678901", "123456789012345678901"],
    [null, ""],
  ])("%s is written %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe("params", () => {
  it.each([
    [0.0003, "0.0003"],
    [0.1 + 0.2, "0.3"],
    [1e-8, "1e-8"],
    [true, "true"],
    ["adam", "adam"],
    [[1, "a"], '[1,"a"]'],
    [100_000, "100,000"],
    [2026, "2026"],
  ])("%s is written %s", (value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});

it("ticks, sizes and counts are short", () => {
  expect(formatTick(14_000, 2000)).toBe("14k");
  expect(formatTick(0.3, 0.1)).toBe("0.3");
  expect(formatBytes(123_456)).toBe("123 kB");
  expect(formatBytes(12)).toBe("12 B");
  expect(formatCount(1, "run")).toBe("1 run");
  expect(formatCount(1284, "run")).toBe("1,284 runs");
});

it("special numbers come back from their texts", () => {
  expect(toNumber("NaN")).toBeNaN();
  expect(toNumber("-Infinity")).toBe(-Infinity);
  expect(toNumber(null)).toBeNaN();
});

describe("times", () => {
  it.each([
    [0.0126, "13 ms"],
    [12.5, "12.5 s"],
    [59.99, "1 min 00 s"],
    [200, "3 min 20 s"],
    [3900, "1 h 05 min"],
    [183_600, "2 d 3 h"],
    [null, ""],
  ])("%s seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
  it("past moments are told by their distance", () => {
    const now = Date.parse("2026-11-20T12:00:00Z");
    const ago = (seconds: number) => formatAgo(new Date(now - seconds * 1000).toISOString(), now);
    expect([3, 30, 300, 7200, 90_000, 900_000].map(ago)).toEqual([
      "just now",
      "30 s ago",
      "5 min ago",
      "2 h ago",
      "1 day ago",
      "10 days ago",
    ]);
    expect(formatAgo(null, now)).toBe("");
  });
});
