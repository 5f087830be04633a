import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { tell } from "./live";
import { concerns, refreshOnChange, runNews } from "./refresh";

const news = { everything: false, runs: new Set(["0198aa"]), projects: new Set(["digits"]) };
const query = (queryKey: unknown[], data?: unknown) =>
  ({ queryKey, state: { data } }) as unknown as Parameters<typeof concerns>[0];

describe("a change concerns", () => {
  it.each([
    [["projects"], true],
    [["store"], true],
    [["latest"], true],
    [["project", "digits"], true],
    [["project", "iris"], false],
    [["runs", "digits", "q", "-created", []], true],
    [["runs", "iris", "", "-created", []], false],
    [["run", "0198aa"], true],
    [["run", "0198bb"], false],
    [["compare", ["0198bb", "0198aa"]], true],
    [["compare", ["0198bb"]], false],
    [["media", "0198aa", "samples"], true],
    [["complete", "digits", "val", 3], false],
    [["sample", "digits", []], false],
  ])("%j: %s", (key, expected) => {
    expect(concerns(query(key), news)).toBe(expected);
  });

  it("a run that the address names by its ending", () => {
    expect(concerns(query(["run", "aa"], { id: "0198aa" }), news)).toBe(true);
  });

  it("everything, when the server can't tell what changed", () => {
    expect(concerns(query(["complete", "x"]), { ...news, everything: true })).toBe(true);
  });
});

describe("refreshOnChange", () => {
  it("asks again once for many changes, later for what nobody watches, and then is still", async () => {
    vi.useFakeTimers();
    const client = new QueryClient();
    const asked: string[] = [];
    const watch = (queryKey: string[]) =>
      new QueryObserver(client, { queryKey, queryFn: () => asked.push(queryKey.join(" ")) }).subscribe(() => {});
    watch(["run", "0198aa"]);
    watch(["run", "0198bb"]);
    watch(["projects"]);
    const stop = refreshOnChange(client);
    await vi.advanceTimersByTimeAsync(100);
    asked.length = 0;

    for (let i = 0; i < 20; i++)
      tell({
        revision: i,
        runs: [{ id: "0198aa", project: "digits", state: "running", last_step: i }],
        projects: ["digits"],
      });
    await vi.advanceTimersByTimeAsync(500);
    expect(asked).toEqual(["run 0198aa"]);
    expect(runNews.value.get("0198aa")).toEqual({ state: "running", last_step: 19 });
    await vi.advanceTimersByTimeAsync(4000);
    expect(asked).toEqual(["run 0198aa", "projects"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(2);

    stop();
    client.clear();
    vi.useRealTimers();
  });
});
