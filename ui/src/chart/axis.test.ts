import { describe, expect, it } from "vitest";
import { axisFor, misfitNote, pageAxis } from "./axis";

const logged = new Set(["epoch", "val/loss"]);

describe("axisFor", () => {
  it("follows the contract where nothing was chosen", () => {
    expect(axisFor("val/loss", "auto", "epoch", logged)).toEqual({ axis: "metric:epoch", note: null });
    expect(axisFor("val/loss", "auto", "wall", logged)).toEqual({ axis: "wall", note: null });
    expect(axisFor("system/cpu", "auto", "step", logged)).toEqual({ axis: "step", note: null });
  });

  it("falls back to steps and says so when the contract's metric was never logged", () => {
    expect(axisFor("val/loss", "auto", "epoche", logged)).toEqual({
      axis: "step",
      note: "over steps: no epoche logged",
    });
    expect(misfitNote("metric:epoch")).toBe("over steps: no epoch at these steps");
  });

  it("lets an explicit choice hold over every contract", () => {
    for (const choice of ["step", "relative", "wall"] as const) {
      expect(axisFor("val/loss", choice, "epoch", logged)).toEqual({ axis: choice, note: null });
      expect(axisFor("system/cpu", choice, null, logged)).toEqual({ axis: choice, note: null });
      expect(pageAxis(choice)).toBe(choice);
    }
  });

  it("shows the machine over time and all else over steps where there is no contract", () => {
    expect(axisFor("system/cpu", "auto", null, logged).axis).toBe("relative");
    expect(axisFor("loss", "auto", undefined, logged).axis).toBe("step");
    expect(pageAxis("auto")).toBe("step");
  });
});
