import { afterEach, describe, expect, it, vi } from "vitest";
import { collapseReturns, parseAnsi, showLine } from "./console";
import { imageType, isText } from "./fileTypes";
import type { MediaEntry } from "../../api/types";
import { barHeights } from "./histogram";
import { fetchMediaData, isDataFile, plain } from "./mediaData";

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

describe("large tables, texts and histograms", () => {
  const entry: MediaEntry = {
    kind: "table",
    key: "predictions",
    step: 1,
    time: "",
    caption: null,
    digest: "sha256:ab",
    media_type: "application/json",
    size: 70_000,
    data: null,
  };
  afterEach(() => void vi.unstubAllGlobals());

  it("are files that are fetched, unless they are too large or something else", () => {
    expect(isDataFile(entry)).toBe(true);
    expect(isDataFile({ ...entry, size: 20_000_001 })).toBe(false);
    expect(isDataFile({ ...entry, kind: "figure" })).toBe(false);
    expect(isDataFile({ ...entry, media_type: "image/svg+xml" })).toBe(false);
    expect(isDataFile({ ...entry, data: { columns: [], rows: [] } })).toBe(false);
  });

  it("hold the numbers that JSON can't as the API writes them", () => {
    expect(
      plain({ columns: ["a"], rows: [[{ $float: "NaN" }], [{ $int: "9007199254740993" }], [{ a: null }]] }),
    ).toEqual({
      columns: ["a"],
      rows: [["NaN"], ["9007199254740993"], [{ a: null }]],
    });
  });

  it("say which file can't be read", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => new Response("{")),
    );
    await expect(fetchMediaData(entry)).rejects.toThrow("The file of predictions, step 1, is not readable as JSON.");
  });
});
