import { describe, expect, it } from "vitest";
import { collapseReturns, parseAnsi, showLine } from "./console";
import { imageType, isText } from "./fileTypes";
import { barHeights } from "./histogram";

describe("console lines", () => {
  it("show the last state of a progress bar", () => {
    expect(collapseReturns("\r 10%\r 50%\r100% done\n")).toBe("100% done");
    expect(collapseReturns("longer text\rshort")).toBe("short" + "r text");
    expect(collapseReturns("plain\r\n")).toBe("plain");
    expect(collapseReturns("\r\n")).toBe("");
  });

  it("keep colours and weights, and drop every other escape", () => {
    expect(parseAnsi("a\x1b[31mb\x1b[1mc\x1b[0md\x1b[2K\x1b[10;20H\x1b]0;title\x07e")).toEqual([
      { text: "a", colour: null, bold: false, dim: false },
      { text: "b", colour: 1, bold: false, dim: false },
      { text: "c", colour: 1, bold: true, dim: false },
      { text: "d", colour: null, bold: false, dim: false },
      { text: "e", colour: null, bold: false, dim: false },
    ]);
    expect(parseAnsi("\x1b[38;5;196mx\x1b[38;2;1;2;3my\x1b[92mz").map((span) => span.colour)).toEqual([1, 1, 10]);
  });

  it("never lose a character that is no escape", () => {
    const text = "<b>&amp;</b> 🎉 \x1b[31m[31m\x1b";
    expect(showLine({ n: 1, time: "", stream: "stdout", text }).text).toBe("<b>&amp;</b> 🎉 [31m");
  });
});

describe("files", () => {
  it("are shown as pictures only where they can't hold scripts", () => {
    expect(imageType("plots/Roc.PNG")).toBe("image/png");
    expect(imageType("evil.svg")).toBeNull();
    expect(imageType("page.html")).toBeNull();
  });
  it("are shown as text by their name", () => {
    expect(["a/b.json", "README", "evil.svg", "page.html"].every(isText)).toBe(true);
    expect(["model.joblib", "a.tar.gz", "noname"].some(isText)).toBe(false);
  });
});

describe("histograms", () => {
  it("draw counts as areas", () => {
    expect(barHeights([0, 1, 3], [4, 4])).toEqual([
      { from: 0, to: 1 / 3, height: 1 },
      { from: 1 / 3, to: 1, height: 0.5 },
    ]);
  });
  it("stand empty without counts", () => {
    expect(barHeights([0, 1], [0])).toEqual([{ from: 0, to: 1, height: 0 }]);
  });
});
