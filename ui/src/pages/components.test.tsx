import { QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import { makeQueryClient } from "../api/queries";
import type { ComparisonLine, RunHead } from "../api/types";
import { hover } from "../data/hover";
import { ComparisonTable } from "./compare/ComparisonTable";
import { KeyValueTable } from "./run/KeyValueTable";
import { FilterBox } from "./runs/FilterBox";

afterEach(() => void vi.unstubAllGlobals());

const MARKUP = "<img src=x onerror=alert(1)>";
const runs = [
  { id: "a", name: MARKUP },
  { id: "b", name: "second" },
] as RunHead[];
const line = (key: string, values: ComparisonLine["values"], more: Partial<ComparisonLine> = {}): ComparisonLine => ({
  key,
  values,
  differs: true,
  goal: null,
  best: [],
  unit: null,
  ...more,
});

describe("ComparisonTable", () => {
  const lines = [
    line("val/accuracy", [0.912345678, 0.5], { goal: "max", best: [0], unit: "%" }),
    line("lr", [0.1, null]),
    line("model", ["mlp", "mlp"], { differs: false }),
    line("loss", ["NaN", 0.25]),
  ];
  const show = (everything: boolean) =>
    render(
      <ComparisonTable title="Results" runs={runs} lines={lines} styles={new Map()} everything={everything} open />,
    );

  it("marks the best, tells missing values from others, and shows names with markup as text", () => {
    show(false);
    const [accuracy, rate, loss] = screen.getAllByRole("row").slice(1);
    expect(
      within(accuracy!)
        .getAllByRole("cell")
        .map((cell) => cell.textContent),
    ).toEqual(["best0.9123", "0.5000"]);
    expect(within(rate!).getByLabelText("not recorded")).toBeTruthy();
    expect(within(loss!).getAllByRole("cell")[0]!.textContent).toBe("NaN");
    expect(screen.getByRole("columnheader", { name: MARKUP })).toBeTruthy();
    expect(document.querySelector("img")).toBeNull();
  });

  it("leaves out what is equal, says so, and shows it when asked", () => {
    const { unmount } = show(false);
    expect(screen.queryByText("model")).toBeNull();
    expect(screen.getByText(/1 equal one not shown/)).toBeTruthy();
    unmount();
    show(true);
    expect(screen.getByText("model")).toBeTruthy();
  });

  it("lights up the run whose column is pointed at", () => {
    show(false);
    fireEvent.pointerEnter(screen.getByRole("columnheader", { name: "second" }));
    expect(hover.value.run).toBe("b");
    fireEvent.pointerLeave(screen.getByRole("columnheader", { name: "second" }));
    expect(hover.value.run).toBeNull();
  });
});

describe("KeyValueTable", () => {
  it("finds by name and by value", () => {
    const entries = Array.from({ length: 12 }, (_, i) => ({ key: `package-${i}`, text: `1.${i}`, value: `1.${i}` }));
    render(<KeyValueTable title="Packages" entries={entries} />);
    const search = screen.getByRole("searchbox");
    fireEvent.change(search, { target: { value: "1.11" } });
    expect(screen.getAllByRole("row").map((row) => row.textContent)).toEqual(["package-111.11"]);
    fireEvent.change(search, { target: { value: "nothing like it" } });
    expect(screen.queryAllByRole("row")).toHaveLength(0);
    expect(screen.getByText(/Nothing here contains/)).toBeTruthy();
  });
});

describe("FilterBox", () => {
  const show = (error: ApiError | null, onChange = vi.fn()) => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => new Response(JSON.stringify({ start: 0, end: 3, items: [] }))),
    );
    const box = (value: string) => (
      <QueryClientProvider client={makeQueryClient()}>
        <FilterBox project="digits" value={value} error={error} onChange={onChange} />
      </QueryClientProvider>
    );
    const { rerender } = render(box("acuracy > 1"));
    return { onChange, rerender: (value: string) => rerender(box(value)) };
  };

  it("applies what was typed when typing rests, once", async () => {
    const { onChange } = show(null);
    for (const value of ["l", "lr", "lr < 1"]) fireEvent.change(screen.getByRole("combobox"), { target: { value } });
    expect(onChange).not.toHaveBeenCalled();
    await waitFor(() => expect(onChange.mock.calls).toEqual([["lr < 1"]]));
  });

  it("applies at once with Enter", () => {
    const { onChange } = show(null);
    fireEvent.change(screen.getByRole("combobox"), { target: { value: "lr < 1 " } });
    fireEvent.keyDown(screen.getByRole("combobox"), { key: "Enter" });
    expect(onChange.mock.calls).toEqual([["lr < 1"]]);
  });

  it("marks the wrong word and repairs it with a suggestion", () => {
    const { onChange } = show(new ApiError(400, "bad_query", "No such name.", null, 0, ["accuracy"]));
    expect(screen.getByRole("combobox").getAttribute("aria-invalid")).toBe("true");
    expect(document.querySelector("mark")!.textContent).toBe("acuracy");
    fireEvent.click(screen.getByRole("button", { name: "accuracy" }));
    expect(onChange.mock.calls).toEqual([["accuracy > 1"]]);
  });

  it("follows the address when that changes from elsewhere", () => {
    const { rerender } = show(null);
    rerender("state == 'failed'");
    expect(screen.getByRole<HTMLInputElement>("combobox").value).toBe("state == 'failed'");
  });
});
