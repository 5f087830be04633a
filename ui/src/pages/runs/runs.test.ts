import { describe, expect, it } from "vitest";
import type { ProjectDetail, RunRow } from "../../api/types";
import { cellValue, columnWidths, contractFor, defaultColumns, makeColumn } from "./columns";
import { applyCompletion, filterBy, replaceWord, unitIndex, wordAt } from "./filterText";
import { toggleSelection } from "./selection";
import { nextSort, sortDirection, sortName } from "./sorting";

const contract = (pattern: string, goal: "max" | "min" | null, primary = false) => ({
  pattern,
  goal,
  primary,
  unit: null,
  x: null,
  low: null,
  high: null,
  description: null,
});
const project = {
  contracts: [contract("val/*", "min"), contract("val/accuracy", "max", true)],
  columns: {
    params: [
      { key: "lr", runs: 9, types: ["float"] },
      { key: "model", runs: 9, types: ["text"] },
      { key: "seed", runs: 3, types: ["int"] },
    ],
    metrics: [
      { key: "system/cpu", runs: 9 },
      { key: "train/loss", runs: 9 },
      { key: "val/accuracy", runs: 9 },
      { key: "val/loss", runs: 9 },
    ],
    summary: [{ key: "accuracy", runs: 2 }],
  },
} as unknown as ProjectDetail;
const row = (params: RunRow["params"], more: Partial<RunRow> = {}) =>
  ({ group: null, experiment: null, params, metrics: {}, summary: {}, ...more }) as RunRow;

describe("columns a table begins with", () => {
  it("are the results that matter, the primary one first and nothing of the system, then what varies", () => {
    const sample = [row({ lr: 0.1, model: "mlp" }), row({ lr: 0.2, model: "mlp" })];
    expect(defaultColumns(project, sample, 4000)).toEqual([
      "state",
      "created",
      "duration",
      "metrics.val/accuracy",
      "metrics.val/loss",
      "summary.accuracy",
      "metrics.train/loss",
      "params.lr",
    ]);
  });
  it("show the params that were swept before those that hardly vary, seeds last, constant ones never", () => {
    const keys = ["activation", "batch", "dropout", "hidden", "lr", "optimizer.seed", "random_state"];
    const swept = { ...project, columns: { ...project.columns, params: keys.map((key) => ({ key, runs: 12 })) } };
    const sample = Array.from({ length: 12 }, (_, i) =>
      row({
        activation: i < 11 ? "relu" : "gelu",
        batch: 64,
        // Half of the runs have it, all the same.
        ...(i % 2 ? { dropout: 0.1 } : {}),
        hidden: [32, 64, 128][i % 3]!,
        lr: 10 ** -(i % 6),
        "optimizer.seed": i,
        random_state: i,
      }),
    );
    const params = (width: number) => defaultColumns(swept, sample, width).filter((name) => name.startsWith("params."));
    expect(params(4000)).toEqual([
      "params.lr",
      "params.hidden",
      "params.activation",
      "params.optimizer.seed",
      "params.random_state",
    ]);
    expect(params(300)).toEqual(["params.lr", "params.hidden"]);
  });
  it("show the params of runs that are all alike", () => {
    expect(defaultColumns(project, [row({ lr: 0.1 })], 4000)).toContain("params.model");
  });
  it("have the group where runs have one", () => {
    expect(defaultColumns(project, [row({}, { group: "seeds" })], 4000)).toContain("group");
  });
  it("are fewer where there is little room, but keep a result", () => {
    const names = defaultColumns(
      project,
      [row({ lr: 1, model: "a", seed: 1 }), row({ lr: 2, model: "b", seed: 2 })],
      300,
    );
    expect(names.filter((name) => name.startsWith("params."))).toHaveLength(2);
    expect(names).toContain("metrics.val/accuracy");
  });
});

describe("a column", () => {
  it("shows the best value of a metric with a goal, else the last", () => {
    const values = { last: 1, min: 0, max: 2, best: 2 };
    const shown = row({}, { metrics: { "val/accuracy": values, "train/loss": values } });
    expect(cellValue(makeColumn("metrics.val/accuracy", project)!, shown)).toBe(2);
    expect(cellValue(makeColumn("metrics.train/loss", project)!, shown)).toBe(1);
  });
  it("is sorted by the name that the filter language has for it", () => {
    expect(sortName(makeColumn("params.lr", project)!)).toBe("params.lr");
    expect(sortName(makeColumn("params.my rate", project)!)).toBe("params.`my rate`");
    expect(sortName(makeColumn("metrics.val/accuracy", project)!)).toBe('metrics["val/accuracy"].best');
    expect(sortName(makeColumn("duration", project)!)).toBe("duration");
  });
  it("does not exist for an unknown field", () => {
    expect(makeColumn("nonsense", project)).toBeNull();
  });
  it("finds the contract of its own before one with a star", () => {
    expect(contractFor(project.contracts, "val/accuracy")?.goal).toBe("max");
    expect(contractFor(project.contracts, "val/f1")?.goal).toBe("min");
    expect(contractFor(project.contracts, "train/loss")).toBeNull();
  });
});

describe("widths", () => {
  const columns = ["state", "group", "params.model", "params.lr"].map((name) => makeColumn(name, project)!);
  const own = columns.map((column) => column.width);
  it("leave what is over to texts, up to a limit", () => {
    const wide = columnWidths(columns, 5000);
    expect(wide.map((width, i) => width - own[i]!)).toEqual([0, 160, 160, 0]);
    const some = columnWidths(columns, 260 + own.reduce((sum, width) => sum + width, 0) + 90);
    expect(some.map((width, i) => width - own[i]!)).toEqual([0, 30, 30, 0]);
  });
  it("are never less than a column needs", () => {
    expect(columnWidths(columns, 100)).toEqual(own);
  });
});

describe("sorting", () => {
  it("has three states", () => {
    const seen = ["-created"];
    for (let i = 0; i < 3; i++) seen.push(nextSort(seen.at(-1)!, "params.lr", true));
    expect(seen).toEqual(["-created", "-params.lr", "params.lr", "-created"]);
    expect(nextSort("-created", "name", false)).toBe("name");
    expect(nextSort("-created", "created", true)).toBe("created");
    expect(nextSort("created", "created", true)).toBe("-created");
  });
  it("is told as a direction", () => {
    expect(sortDirection("-params.lr", "params.lr")).toBe("descending");
    expect(sortDirection("params.lr", "params.lr")).toBe("ascending");
    expect(sortDirection("params.lr2", "params.lr")).toBe("none");
  });
});

describe("selection", () => {
  const rows = ["a", "b", undefined, "d", "e"];
  it("takes one row, and gives it back", () => {
    expect(toggleSelection(new Set(), rows, 1, null)).toEqual(new Set(["b"]));
    expect(toggleSelection(new Set(["b"]), rows, 1, null)).toEqual(new Set());
  });
  it("takes a range in both directions, without rows that are not loaded", () => {
    expect(toggleSelection(new Set(["a"]), rows, 3, 0)).toEqual(new Set(["a", "b", "d"]));
    expect(toggleSelection(new Set(["e"]), rows, 1, 4)).toEqual(new Set(["e", "d", "b"]));
  });
});

describe("the filter's text", () => {
  it("gets a suggestion in the place of the wrong word", () => {
    expect(replaceWord("lr > 1 and val/acuracy > 0.9", 11, "val/accuracy")).toBe("lr > 1 and val/accuracy > 0.9");
    expect(replaceWord("`my los` < 1", 0, "`my loss`")).toBe("`my loss` < 1");
  });
  it("counts as the server does, where a character takes two places here", () => {
    expect(wordAt('name == "🎉" and acuracy > 1', 16)).toBe("acuracy");
    expect(replaceWord('name == "🎉" and acuracy > 1', 16, "accuracy")).toBe('name == "🎉" and accuracy > 1');
    expect(unitIndex("🎉a", 1)).toBe(2);
  });
  it("is written for a field with whatever the value holds", () => {
    expect(filterBy("group", "mlp-64")).toBe('group == "mlp-64"');
    expect(filterBy("experiment", 'two "layers"\\n\n')).toBe('experiment == "two \\"layers\\"\\\\n\\n"');
  });
  it("gets a completion with the cursor behind it", () => {
    expect(applyCompletion("val", 0, 3, "val/accuracy")).toEqual({ text: "val/accuracy ", cursor: 13 });
    expect(applyCompletion("va > 1", 0, 2, "val/loss")).toEqual({ text: "val/loss > 1", cursor: 8 });
  });
});
