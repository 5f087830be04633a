import { describe, expect, it } from "vitest";
import { encodeFrame, makeLine } from "../testing/frames";
import { decodeFrame, type Series } from "./frame";

const bucketed: Series = {
  run: "b",
  metric: "loss",
  exact: false,
  total: 300,
  nonfinite: 1,
  x: Float64Array.of(0, 100, 200),
  y: Float64Array.of(3, NaN, 1),
  low: Float64Array.of(2, NaN, 0.5),
  high: Float64Array.of(4, NaN, 1.5),
  count: Uint32Array.of(100, 0, 200),
};

describe("decodeFrame", () => {
  it("gives back the series that were encoded, points and buckets", () => {
    const { revision, series } = decodeFrame(encodeFrame([makeLine("a", [1, 2], [0.5, -0.25]), bucketed]));
    expect(revision).toBe(7);
    expect([...series[0]!.y]).toEqual([0.5, -0.25]);
    expect(series[0]!.low).toBe(series[0]!.y);
    expect(series[0]!.count).toBeNull();
    expect([...series[1]!.high]).toEqual([4, NaN, 1.5]);
    expect([...series[1]!.count!]).toEqual([100, 0, 200]);
    expect(series[1]).toMatchObject({ run: "b", exact: false, total: 300, nonfinite: 1 });
  });

  it("copies nothing: the columns lie in the answer's own bytes", () => {
    const buffer = encodeFrame([makeLine("a", [1, 2], [3, 4])]);
    expect(decodeFrame(buffer).series[0]!.x.buffer).toBe(buffer);
  });

  it("takes a frame without any series and a series without points", () => {
    expect(decodeFrame(encodeFrame([])).series).toEqual([]);
    expect(decodeFrame(encodeFrame([makeLine("a", [], [])])).series[0]!.x.length).toBe(0);
  });

  it("keeps steps that a 32-bit float would lose", () => {
    expect(decodeFrame(encodeFrame([makeLine("a", [16_777_217], [1])])).series[0]!.x[0]).toBe(16_777_217);
  });

  it.each([
    ["an empty answer", new ArrayBuffer(0), /0 bytes/],
    ["something else", new TextEncoder().encode("<!doctype html> etc").buffer as ArrayBuffer, /not a frame/],
    ["a cut off frame", encodeFrame([makeLine("a", [1, 2, 3], [1, 2, 3])]).slice(0, -8), /column is cut off/],
    ["a cut off header", encodeFrame([makeLine("a", [1], [1])]).slice(0, 40), /header is cut off/],
  ])("says what is wrong with %s", (_, buffer, message) => {
    expect(() => decodeFrame(buffer)).toThrow(message);
  });

  it("refuses a version it does not know", () => {
    const buffer = encodeFrame([]);
    new DataView(buffer).setUint16(4, 2, true);
    expect(() => decodeFrame(buffer)).toThrow(/version is 2/);
  });
});
