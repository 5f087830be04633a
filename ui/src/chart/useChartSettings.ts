import { useCallback, useMemo } from "react";
import { useParams } from "../app/navigation";
import { parseRange } from "../app/urls";
import type { Axis } from "../data/series";
import type { Extent } from "./extent";

export interface ChartSettings {
  axis: Axis;
  logY: boolean;
  /** Text or regular expression that chooses the charts. */
  filter: string;
  zoom: Extent | null;
  setAxis: (axis: Axis) => void;
  setLogY: (logY: boolean) => void;
  setFilter: (filter: string) => void;
  setZoom: (zoom: Extent | null) => void;
}

const AXES: Record<string, Axis> = { rel: "relative", wall: "wall" };

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
    axis: AXES[params.get("x") ?? ""] ?? "step",
    logY: params.get("ylog") === "1",
    filter: params.get("m") ?? "",
    zoom,
    // A range of steps means nothing in seconds.
    setAxis: (axis) => setParams({ x: axis === "relative" ? "rel" : axis === "wall" ? "wall" : null, t: null }),
    setLogY: (logY) => setParams({ ylog: logY ? "1" : null }),
    setFilter: (filter) => setParams({ m: filter }, { replace: true }),
    setZoom,
  };
}
