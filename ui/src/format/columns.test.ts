import { describe, expect, it } from "vitest";
import { numberFormat } from "./columns";

const column = (...values: (number | string | null)[]) => values.map(numberFormat(values));

describe("numbers of one column", () => {
  it("have equally many decimals where their magnitudes are alike", () => {
    expect(column(0.963, 0.96667, 1)).toEqual(["0.9630", "0.9667", "1.0000"]);
    expect(column(0.01, 12.3456, -3)).toEqual(["0.010", "12.346", "-3.000"]);
    expect(column(1234.56, 0.5)).toEqual(["1,234.6", "0.5"]);
  });
  it("stay whole where all of them are", () => {
    expect(column(1, 2048, 0)).toEqual(["1", "2,048", "0"]);
  });
  it("keep their digits where the magnitudes are far apart", () => {
    expect(column(3e-6, 0.5)).toEqual(["3e-6", "0.5"]);
    expect(column(2_000_000.5, 0.25)).toEqual(["2,000,001", "0.25"]);
  });
  it("may be special or missing among others", () => {
    expect(column(0.5, "NaN", "-Infinity", null, 0)).toEqual(["0.5000", "NaN", "-∞", "", "0.0000"]);
    expect(column("NaN", null)).toEqual(["NaN", ""]);
  });
});
