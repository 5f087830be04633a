import { describe, expect, it } from "vitest";
import { basePath, joinNames, parseRange, parseRoute, splitNames, urls, writeParams, type Route } from "./urls";

describe("addresses", () => {
  it.each<[string, Route]>([
    ["/", { page: "projects" }],
    ["/p/digits", { page: "runs", project: "digits" }],
    ["/p/digits/runs", { page: "runs", project: "digits" }],
    ["/p/digits/compare", { page: "compare", project: "digits" }],
    ["/p/digits/experiments", { page: "experiments", project: "digits" }],
    ["/p/digits/r/01ab", { page: "run", project: "digits", run: "01ab", tab: "charts" }],
    ["/p/digits/r/01ab/console", { page: "run", project: "digits", run: "01ab", tab: "console" }],
    ["/p/digits/r/01ab/nothing", { page: "missing" }],
    ["/p/digits/r/01ab/console/more", { page: "missing" }],
    ["/p/digits/other", { page: "missing" }],
    ["/p", { page: "missing" }],
    ["/q/digits", { page: "missing" }],
    ["/p/%E0%A4%A/runs", { page: "missing" }],
  ])("%s", (pathname, route) => {
    expect(parseRoute(pathname)).toEqual(route);
  });

  it.each(["a b", "team/vision", "100%", "%2F", "Größe", "数字", `"quoted" & <b>`, "a?b#c", "p", "runs"])(
    "keep the project %s whole",
    (project) => {
      expect(parseRoute(urls.runs(project))).toEqual({ page: "runs", project });
      expect(parseRoute(urls.run(project, "id/1", "media"))).toEqual({
        page: "run",
        project,
        run: "id/1",
        tab: "media",
      });
      expect(parseRoute(urls.experiments(project))).toEqual({ page: "experiments", project });
    },
  );

  it("work under a prefix, and only there", () => {
    expect(basePath("http://host/proxy/8765/")).toBe("/proxy/8765");
    expect(basePath("http://host/")).toBe("");
    expect(parseRoute("/proxy/8765/p/x/runs", "/proxy/8765")).toEqual({ page: "runs", project: "x" });
    expect(parseRoute("/elsewhere", "/proxy/8765")).toEqual({ page: "missing" });
  });
});

describe("parameters", () => {
  it("are changed one by one, and left out when empty", () => {
    const current = new URLSearchParams("q=a&sort=-b&cols=c");
    expect(writeParams(current, { q: "val/loss < 1, x", sort: null, cols: "" })).toBe("q=val/loss+%3C+1,+x");
    expect(new URLSearchParams(writeParams(current, { q: "a&b=c %2C" })).get("q")).toBe("a&b=c %2C");
  });

  it("hold lists whose names may hold commas", () => {
    const names = ["params.a,b", "metrics.50%", "summary.%2C", "state"];
    expect(splitNames(joinNames(names))).toEqual(names);
    expect(splitNames(null)).toEqual([]);
  });

  it("hold a range, or nothing when it is nonsense", () => {
    expect(parseRange("1.5,20")).toEqual([1.5, 20]);
    for (const text of ["", "1", "2,1", "a,b", "1,2,3", "0,Infinity"]) expect(parseRange(text)).toBeNull();
  });
});
