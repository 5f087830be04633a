import { afterEach, describe, expect, it, vi } from "vitest";
import { collapseReturns, parseAnsi, showLine } from "./console";
import { imageType, isText } from "./fileTypes";
import type { Environment, MediaEntry } from "../../api/types";
import { formatTime } from "../../format/times";
import { environmentParts, flatten } from "./environmentFacts";
import { barHeights, frameOf } from "./histogram";
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
    const counted = { edges: [0, 1, 3], counts: [4, 4] };
    expect(barHeights(counted, frameOf([counted]))).toEqual([
      { from: 0, to: 1 / 3, height: 1 },
      { from: 1 / 3, to: 1, height: 0.5 },
    ]);
  });
  it("stand empty without counts", () => {
    const counted = { edges: [0, 1], counts: [0] };
    expect(barHeights(counted, frameOf([counted]))).toEqual([{ from: 0, to: 1, height: 0 }]);
  });
  it("of one key share the range of x and the height", () => {
    const early = { edges: [0, 1], counts: [10] };
    const late = { edges: [2, 3, 4], counts: [5, 1] };
    const frame = frameOf([early, late]);
    expect(frame).toEqual({ low: 0, high: 4, density: 10 });
    expect(barHeights(early, frame)).toEqual([{ from: 0, to: 0.25, height: 1 }]);
    expect(barHeights(late, frame)).toEqual([
      { from: 0.5, to: 0.75, height: 0.5 },
      { from: 0.75, to: 1, height: 0.1 },
    ]);
  });
  it("with infinite edges still have a frame", () => {
    const open = { edges: [-Infinity, 0, 2, Infinity], counts: [1, 4, 1] };
    expect(frameOf([open])).toEqual({ low: 0, high: 2, density: 2 });
  });
});

describe("facts of the environment", () => {
  const shown = (environment: Environment, command: string[] | null = null) =>
    environmentParts(environment, command).map(([name, facts]) => [name, facts.map((fact) => [fact.key, fact.text])]);

  it("have times and sizes as people read them, and the recorded value beside", () => {
    const facts = flatten({
      memory_bytes: 25276510208,
      booted: "2026-11-20T18:56:00.123456Z",
      uptime_s: 90,
      pid: 41210,
    });
    expect(facts.map(({ key, text }) => [key, text])).toEqual([
      ["memory", "25.3 GB"],
      ["booted", formatTime("2026-11-20T18:56:00.123456Z")],
      ["uptime", "1 min 30 s"],
      ["pid", "41210"],
    ]);
    expect(facts[0]!.recorded).toBe("25276510208 bytes");
  });
  it("are said once", () => {
    const git = { root: "/home/ada/digits", commit: "ab" };
    const process = { script: "/home/ada/digits/train.py", folder: "/home/ada/digits" };
    const host = { cpus: 2, usable_cpus: 2 };
    expect(shown({ git, process, host, packages: { a: "1" } }, ["python", process.script])).toEqual([
      ["git", [["commit", "ab"]]],
      ["process", [["folder", "/home/ada/digits"]]],
      ["host", [["cpus", "2"]]],
    ]);
    expect(shown({ host: { cpus: 2, usable_cpus: 1 }, git: null })).toEqual([
      [
        "host",
        [
          ["cpus", "2"],
          ["usable_cpus", "1"],
        ],
      ],
    ]);
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
