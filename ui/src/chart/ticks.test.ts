import { describe, expect, it } from "vitest";
import { clockTicks, durationTicks, linearTicks, logTicks, shortDuration } from "./ticks";

const labels = (ticks: { label: string }[]) => ticks.map((tick) => tick.label);

describe("linearTicks", () => {
  it.each([
    [0, 1, 5, ["0", "0.5", "1"]],
    [0.03, 1.03, 5, ["0.2", "0.4", "0.6", "0.8", "1"]],
    [0, 14_950, 8, ["0", "2k", "4k", "6k", "8k", "10k", "12k", "14k"]],
    [-3, 3, 4, ["-2", "0", "2"]],
    [0, 0.0003, 4, ["0", "0.0001", "0.0002", "0.0003"]],
    [1_200_000, 1_300_000, 3, ["1.2M", "1.25M", "1.3M"]],
  ])("from %d to %d, at most %d", (low, high, count, expected) => {
    expect(labels(linearTicks(low, high, count))).toEqual(expected);
  });

  it("never has more than asked for, all inside, at equal distances, with different labels", () => {
    for (let i = 0; i < 500; i++) {
      // Every place and size of a range from 1e-6 to 1e6, both signs, without chance.
      const size = 10 ** (((i * 37) % 120) / 10 - 6);
      const low = (((i * 17) % 41) - 20) * size * ((i % 7) + 0.37);
      const high = low + size;
      const ticks = linearTicks(low, high, 5);
      const values = ticks.map((tick) => tick.value);
      const room = size * 1e-6;
      expect(values.length).toBeLessThanOrEqual(5);
      expect(values.every((value) => value >= low - room && value <= high + room)).toBe(true);
      expect(new Set(labels(ticks)).size).toBe(ticks.length);
      const steps = values.slice(1).map((value, k) => (value - values[k]!) / size);
      for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 6);
    }
  });

  it("has one tick where there is no range", () => {
    expect(labels(linearTicks(5, 5, 5))).toEqual(["5"]);
  });
});

describe("logTicks", () => {
  it("stands on powers of ten", () => {
    expect(labels(logTicks(0.001, 1000, 7))).toEqual(["0.001", "0.01", "0.1", "1", "10", "100", "1k"]);
  });
  it("leaves powers out where there are many", () => {
    expect(logTicks(1e-12, 1e12, 5).length).toBeLessThanOrEqual(6);
  });
  it("is linear where not even half a decade is shown", () => {
    expect(labels(logTicks(2, 3, 5))).toEqual(labels(linearTicks(2, 3, 5)));
  });
});

describe("times", () => {
  it("counts seconds in minutes, hours and days", () => {
    expect(labels(durationTicks(0, 300, 5))).toEqual(["0", "1m", "2m", "3m", "4m", "5m"]);
    expect(labels(durationTicks(0, 7200, 4))).toEqual(["0", "30m", "1h", "1h30m", "2h"]);
    expect(shortDuration(90_061)).toBe("1d1h1m1s");
  });
  it("tells milliseconds apart where a second is wider than the chart", () => {
    const ticks = labels(clockTicks(1_000_000.25, 1_000_000.45, 3));
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.every((label) => /^\d\d:\d\d:\d\d\.\d\d\d$/.test(label))).toBe(true);
  });
  it("stands on whole hours of the reader's clock", () => {
    const noon = new Date(2026, 10, 20, 12, 0, 0).getTime() / 1000;
    expect(labels(clockTicks(noon - 60, noon + 7260, 3))).toEqual(["12:00", "13:00", "14:00"]);
  });
});
