import { describe, expect, it } from "vitest";
import { metricFilter, sectionsOf } from "./sections";

describe("sections", () => {
  it("follow the prefix; the system is last, single ones stand together, the important first", () => {
    const metrics = ["system/cpu", "train/loss", "lr", "val/loss", "val/accuracy", "train/grad", "gpu/util"];
    expect(sectionsOf(metrics, ["val/loss"])).toEqual([
      { name: "val", metrics: ["val/loss", "val/accuracy"] },
      { name: "Metrics", metrics: ["gpu/util", "lr"] },
      { name: "train", metrics: ["train/grad", "train/loss"] },
      { name: "system", metrics: ["system/cpu"] },
    ]);
  });
  it("begin with the metric that comes first of all", () => {
    expect(
      sectionsOf(["loss", "test/loss", "test/accuracy"], ["test/accuracy", "loss"]).map((section) => section.metrics),
    ).toEqual([["test/accuracy", "test/loss"], ["loss"]]);
  });
  it("count as people do", () => {
    expect(sectionsOf(["a/10", "a/9", "a/1"])[0]!.metrics).toEqual(["a/1", "a/9", "a/10"]);
  });
});

describe("metricFilter", () => {
  it("is a regular expression without regard to case", () => {
    const { matches, problem } = metricFilter("^VAL/|lr$");
    expect(["val/loss", "train/loss", "lr"].filter(matches)).toEqual(["val/loss", "lr"]);
    expect(problem).toBeNull();
  });
  it("takes what is no regular expression as text and says so", () => {
    const { matches, problem } = metricFilter("loss[");
    expect(matches("train/loss[0]")).toBe(true);
    expect(problem).toMatch(/plain text/);
  });
});
