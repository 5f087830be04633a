import { describe, expect, it } from "vitest";
import { makeLine } from "../testing/frames";
import { xExtent, yExtent } from "./extent";
import { gridColumns } from "./grid";
import { describeX, layOut, positionOf, summarise, type ChartModel } from "./model";
import { lowerBound, nearestIndex } from "./nearest";
import { assignStyles, preferredStyle, STYLES } from "./palette";
import { pickAt } from "./pick";
import { linearScale, logScale } from "./scale";

function model(lines: ReturnType<typeof makeLine>[], more: Partial<ChartModel> = {}): ChartModel {
  const styles = new Map(lines.map((line, i) => [line.run, { run: line.run, label: `run ${line.run}`, style: i }]));
  return { lines, styles, axis: "step", logY: false, zoom: null, theme: "light", ...more };
}
const layout = (shown: ChartModel) => layOut(shown, { width: 500, height: 240 }, (text) => text.length * 6);

describe("scales", () => {
  it.each([linearScale(2, 12, 100, 0), logScale(0.01, 100, 0, 400)])("go there and back", (scale) => {
    for (const value of [0.02, 1, 3, 11, 99]) expect(scale.fromPixel(scale.toPixel(value))).toBeCloseTo(value, 9);
  });
  it("have no place for zero on a logarithmic axis", () => {
    expect(logScale(1, 10, 0, 1).toPixel(0)).toBeNaN();
    expect(logScale(1, 10, 0, 1).toPixel(-1)).toBeNaN();
  });
});

describe("extents", () => {
  const line = makeLine("a", [0, 1, 2, 3], [5, NaN, 1, 9]);
  it("span all points of all lines", () => {
    expect(xExtent([line, makeLine("b", [-1, 7], [0, 0])])).toEqual([-1, 7]);
    expect(xExtent([makeLine("a", [], [])])).toBeNull();
  });
  it("of one point are whole steps around it, and nothing below zero", () => {
    expect(xExtent([makeLine("a", [4], [1])])).toEqual([3, 5]);
    expect(xExtent([makeLine("a", [0], [1])])).toEqual([0, 1]);
    expect(xExtent([makeLine("a", [-2], [1])])).toEqual([-3, -1]);
    expect(xExtent([makeLine("a", [0.03], [1])])).toEqual([0, 0.53]);
    const ticks = (x: number) => layout(model([makeLine("a", [x], [1])])).xTicks.map((tick) => tick.label);
    expect(ticks(0)).toEqual(["0", "1"]);
    expect(ticks(4)).toEqual(["3", "4", "5"]);
  });
  it("of buckets reach to the ends of the first and the last", () => {
    expect(xExtent([{ ...makeLine("a", [1, 3, 5], [0, 0, 0]), exact: false }])).toEqual([0, 6]);
  });
  it("of values leave a little room, look only at what is shown, and skip what is no number", () => {
    const [low, high] = yExtent([line], 1, 2, false)!;
    expect([low, high]).toEqual([0.9, 1.1]);
    const all = yExtent([line], 0, 3, false)!;
    expect(all[0]).toBeLessThan(1);
    expect(all[1]).toBeGreaterThan(9);
    expect(yExtent([makeLine("a", [1], [NaN])], 0, 3, false)).toBeNull();
  });
  it("do not go below zero for values that do not", () => {
    expect(yExtent([makeLine("a", [0, 1], [0, 100])], 0, 1, false)![0]).toBe(0);
  });
  it("of a logarithmic axis take only values above zero", () => {
    expect(yExtent([makeLine("a", [0, 1, 2], [0, -5, 10])], 0, 2, true)).toEqual([5, 20]);
    expect(yExtent([makeLine("a", [0], [-5])], 0, 2, true)).toBeNull();
  });
});

describe("nearest", () => {
  const values = Float64Array.of(0, 10, 20, 40);
  it.each([
    [-5, 0],
    [4, 0],
    [6, 1],
    [30, 2],
    [31, 3],
    [99, 3],
  ])("to %d is place %d", (wanted, index) => {
    expect(nearestIndex(values, wanted)).toBe(index);
  });
  it("is nothing among nothing", () => {
    expect(nearestIndex(new Float64Array(), 1)).toBe(-1);
    expect(lowerBound(values, 41)).toBe(4);
  });
});

describe("picking", () => {
  const lines = [
    makeLine("a", [0, 1, 2], [0, 0, 0]),
    makeLine("b", [0, 1, 2], [10, 10, 10]),
    makeLine("c", [0, 1, 2], [4, NaN, 4]),
  ];
  it("puts the line nearest to the pointer first and points without a number last", () => {
    const shown = layout(model(lines));
    expect(pickAt(lines, shown, 1.1, shown.y.toPixel(9)).map((pick) => pick.run)).toEqual(["b", "a", "c"]);
    expect(pickAt(lines, shown, 0.2, shown.y.toPixel(3)).map((pick) => pick.run)).toEqual(["c", "a", "b"]);
  });
  it("is by value without a pointer, greatest first", () => {
    expect(pickAt(lines, layout(model(lines)), 2, null).map((pick) => pick.run)).toEqual(["b", "c", "a"]);
  });
  it("leaves out a line that ended long before", () => {
    const all = [makeLine("short", [0, 1, 2], [1, 1, 1]), makeLine("long", [0, 500, 1000], [1, 1, 1])];
    expect(pickAt(all, layout(model(all)), 900, null).map((pick) => pick.run)).toEqual(["long"]);
  });
});

describe("layout", () => {
  it("keeps ticks inside, few and of whole steps", () => {
    const shown = layout(model([makeLine("a", [0, 1, 2, 3], [0.1, 0.2, 0.3, 0.4])]));
    expect(shown.xTicks.map((tick) => tick.label)).toEqual(["0", "1", "2", "3"]);
    expect(shown.yTicks.length).toBeLessThanOrEqual(5);
    expect(shown.left).toBeGreaterThan(20);
  });
  it("shows the zoomed range", () => {
    const shown = layout(model([makeLine("a", [0, 100], [0, 100])], { zoom: [20, 30] }));
    expect([shown.x.low, shown.x.high]).toEqual([20, 30]);
  });
  it("says when there is nothing", () => {
    expect(layout(model([])).empty).toBe(true);
    expect(layout(model([makeLine("a", [1], [-1])], { logY: true })).empty).toBe(true);
  });
});

describe("words", () => {
  it("sum a chart up for somebody who does not see it", () => {
    const text = summarise("val/loss", model([makeLine("a", [0, 9], [2, 0.5])]));
    expect(text).toBe("val/loss, one curve over step: run a ends at 0.5 (step 9).");
    expect(summarise("val/loss", model([]))).toBe("val/loss: no points yet.");
  });
  it("name a position on each axis", () => {
    expect(describeX("step", 14_950)).toBe("step 14,950");
    expect(describeX("relative", 200)).toBe("3 min 20 s after the start");
    expect(describeX("metric:epoch", 2.5)).toBe("epoch 2.5");
  });
  it("do not give a bucket of whole steps a fraction", () => {
    const line = makeLine("a", [4.5, 14.5, 24.5], [1, 1, 1]);
    expect(positionOf(line, 1)).toBe(14.5);
    expect(positionOf({ ...line, exact: false }, 1)).toBe(15);
  });
});

describe("styles of runs", () => {
  const runs = Array.from({ length: 30 }, (_, i) => `0198${i}f${i * 7919}`);
  it("are all different for thirty runs, without dashes for ten", () => {
    expect(new Set(assignStyles(runs).values()).size).toBe(STYLES);
    expect([...assignStyles(runs.slice(0, 10)).values()].every((style) => style < 10)).toBe(true);
  });
  it("depend on the set of runs, not on its order", () => {
    expect(assignStyles([...runs].reverse())).toEqual(assignStyles(runs));
  });
  it("are the preferred one for a run alone", () => {
    for (const run of runs) expect(assignStyles([run]).get(run)).toBe(preferredStyle(run));
  });
  it("are found for any number of runs", () => {
    expect(assignStyles(Array.from({ length: 100 }, (_, i) => `run ${i}`)).size).toBe(100);
  });
});

describe("grid", () => {
  it.each([
    [1, 1180, 1],
    [2, 1180, 2],
    [3, 1180, 3],
    [4, 1180, 2],
    [6, 1180, 2],
    [2, 380, 1],
    [5, 2400, 5],
    [3, 880, 2],
  ])("of %d charts in %d pixels has %d columns", (count, width, columns) => {
    expect(gridColumns(count, width)).toBe(columns);
  });
});
