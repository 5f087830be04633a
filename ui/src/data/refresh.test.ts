import { describe, expect, it } from "vitest";
import { concerns } from "./refresh";

const news = { everything: false, runs: new Set(["0198aa"]), projects: new Set(["digits"]) };
const query = (queryKey: unknown[], data?: unknown) => ({ queryKey, state: { data } }) as unknown as Parameters<typeof concerns>[0];

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
