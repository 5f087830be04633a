import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import { makeLine } from "../testing/frames";
import { SeriesStore, type FetchFrame, type SeriesRequest } from "./series";

const request = (metric: string, more: Partial<SeriesRequest> = {}): SeriesRequest => ({
  runs: ["a", "b"],
  metric,
  axis: "step",
  low: null,
  high: null,
  pixels: 800,
  ...more,
});

function setUp() {
  const asked: Parameters<FetchFrame>[0][] = [];
  let fail: ApiError | null = null;
  const store = new SeriesStore(
    async (batch) => {
      asked.push(batch);
      if (fail) throw fail;
      return { revision: 1, series: batch.series.map(({ run, metric }) => makeLine(run, [0], [asked.length], metric)) };
    },
    () => Date.now(),
  );
  return { store, asked, failWith: (error: ApiError | null) => (fail = error) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("SeriesStore", () => {
  it("asks for all charts on the screen in one request, and for none beside it", async () => {
    const { store, asked } = setUp();
    const views = ["x", "y", "z"].map((metric) => store.open(request(metric)));
    views[0]!.setVisible(true);
    views[2]!.setVisible(true);
    await vi.advanceTimersByTimeAsync(10);
    expect(asked.map((batch) => batch.series.map((one) => `${one.run} ${one.metric}`))).toEqual([
      ["a x", "b x", "a z", "b z"],
    ]);
    expect(views[2]!.lines.map((line) => line.metric)).toEqual(["z", "z"]);
    expect(views[1]!.lines).toEqual([]);
    views[1]!.setVisible(true);
    await vi.advanceTimersByTimeAsync(10);
    expect(asked).toHaveLength(2);
  });

  it("asks at most twice a second for a chart, however often its runs change, and ends with the newest", async () => {
    const { store, asked } = setUp();
    const view = store.open(request("x"));
    view.setVisible(true);
    for (let i = 0; i < 100; i++) {
      store.changed(new Set(["b"]));
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(asked.length).toBeGreaterThanOrEqual(4);
    expect(asked.length).toBeLessThanOrEqual(5);
    await vi.advanceTimersByTimeAsync(1000);
    const after = asked.length;
    expect(view.lines[0]!.y[0]).toBe(after);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(after);
  });

  it("does not ask again when other runs change", async () => {
    const { store, asked } = setUp();
    store.open(request("x")).setVisible(true);
    await vi.advanceTimersByTimeAsync(1000);
    store.changed(new Set(["c"]));
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(1);
    store.changed(null);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(2);
  });

  it("follows a zoom at once and keeps the old lines until the new ones are there", async () => {
    const { store, asked } = setUp();
    const view = store.open(request("x"));
    view.setVisible(true);
    await vi.advanceTimersByTimeAsync(10);
    view.want(request("x", { low: 5, high: 6 }));
    expect(view.lines).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10);
    expect(asked[1]).toMatchObject({ low: 5, high: 6 });
    expect(view.loaded).toMatchObject({ low: 5, high: 6 });
  });

  it("keeps the lines when the server is away, says so, and tries again", async () => {
    const { store, asked, failWith } = setUp();
    const view = store.open(request("x"));
    view.setVisible(true);
    await vi.advanceTimersByTimeAsync(10);
    failWith(new ApiError(0, "unreachable", "away"));
    store.changed(null);
    await vi.advanceTimersByTimeAsync(600);
    expect(view.error?.message).toBe("away");
    expect(view.lines).toHaveLength(2);
    failWith(null);
    await vi.advanceTimersByTimeAsync(4100);
    expect(view.error).toBeNull();
    expect(asked.length).toBeGreaterThanOrEqual(3);
  });

  it("splits what is more than the server takes", async () => {
    const { store, asked } = setUp();
    const runs = Array.from({ length: 900 }, (_, i) => `run ${i}`);
    for (const metric of ["x", "y", "z"]) store.open(request(metric, { runs })).setVisible(true);
    await vi.advanceTimersByTimeAsync(10);
    expect(asked.map((batch) => batch.series.length)).toEqual([1800, 900]);
  });

  it("asks nothing for a chart that was closed", async () => {
    const { store, asked } = setUp();
    const view = store.open(request("x"));
    view.setVisible(true);
    view.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual([]);
  });
});
