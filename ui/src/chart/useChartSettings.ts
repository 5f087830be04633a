import { useCallback, useMemo } from "react";
import { useParams } from "../app/navigation";
import { parseRange } from "../app/urls";
import type { AxisChoice } from "./axis";
import type { Extent } from "./extent";

export interface ChartSettings {
  axis: AxisChoice;
  logY: boolean;
  /** Text or regular expression that chooses the charts. */
  filter: string;
  zoom: Extent | null;
  setAxis: (axis: AxisChoice) => void;
  setLogY: (logY: boolean) => void;
  setFilter: (filter: string) => void;
  setZoom: (zoom: Extent | null) => void;
}

const AXES: Record<string, AxisChoice> = { step: "step", rel: "relative", wall: "wall" };

/** The settings of all charts of a page. They live in its address, so a link shows the same picture. */
export function useChartSettings(): ChartSettings {
  const [params, setParams] = useParams();
  const range = params.get("t");
  const zoom = useMemo(() => parseRange(range), [range]);
  const setZoom = useCallback(
    (next: Extent | null) =>
      setParams({ t: next && next.map((value) => Number(value.toPrecision(12))).join(",") }, { replace: true }),
    [setParams],
  );
  return {
    axis: AXES[params.get("x") ?? ""] ?? "auto",
    logY: params.get("ylog") === "1",
    filter: params.get("m") ?? "",
    zoom,
    // A range of steps means nothing in seconds.
    setAxis: (axis) => setParams({ x: axis === "auto" ? null : axis === "relative" ? "rel" : axis, t: null }),
    setLogY: (logY) => setParams({ ylog: logY ? "1" : null }),
    setFilter: (filter) => setParams({ m: filter }, { replace: true }),
    setZoom,
  };
}
