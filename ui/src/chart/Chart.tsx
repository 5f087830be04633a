import { useCallback, useEffect, useId, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { seriesStore, type Axis, type SeriesView } from "../data/series";
import { useTheme } from "../data/theme";
import { formatCount } from "../format/numbers";
import css from "./chart.module.css";
import type { Extent } from "./extent";
import { positionOf, summarise, type ChartModel, type LineStyle } from "./model";
import { ChartRenderer } from "./renderer";

export interface ChartProps {
  title: string;
  metric: string;
  /** Runs to draw, in the order of the legend. */
  lines: readonly LineStyle[];
  axis: Axis;
  logY: boolean;
  zoom: Extent | null;
  onZoom: (range: Extent | null) => void;
  height: number;
  /** Told about each new answer: the card shows the last step and the count of NaN from it. */
  onView?: (view: SeriesView) => void;
}

/** Widths are rounded up, so that charts of about one size share one request. */
const PIXEL_STEP = 100;

export function Chart({ title, metric, lines, axis, logY, zoom, onZoom, height, onView }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const lineCanvas = useRef<HTMLCanvasElement>(null);
  const overlayCanvas = useRef<HTMLCanvasElement>(null);
  const [renderer, setRenderer] = useState<ChartRenderer | null>(null);
  const [said, setSaid] = useState("");
  const zoomHandler = useRef(onZoom);
  zoomHandler.current = onZoom;
  const theme = useTheme();
  const helpId = useId();

  const runs = useMemo(() => lines.map((line) => line.run), [lines]);
  const styles = useMemo(() => new Map(lines.map((line) => [line.run, line])), [lines]);
  const view = useSeriesView(host, { runs, metric, axis, zoom });
  const version = useSyncExternalStore(
    useCallback((listener: () => void) => view?.subscribe(listener) ?? (() => {}), [view]),
    () => view?.version ?? 0,
  );
  const answer = view?.lines ?? none;
  const error = view?.error ?? null;

  useEffect(() => {
    const made = new ChartRenderer(host.current!, lineCanvas.current!, overlayCanvas.current!, {
      onZoom: (range) => zoomHandler.current(range),
      onSay: setSaid,
    });
    setRenderer(made);
    return () => {
      made.close();
      setRenderer(null);
    };
  }, []);

  // An answer to an earlier question (another axis, say) is not drawn as an answer to this one.
  const model = useMemo<ChartModel>(() => {
    const fits = view?.loaded?.axis === axis;
    return { lines: fits ? answer.filter((line) => styles.has(line.run)) : none, styles, axis, logY, zoom, theme };
  }, [answer, view, styles, axis, logY, zoom, theme]);

  useEffect(() => renderer?.update(model), [renderer, model]);
  useEffect(() => {
    if (view && version > 0) onView?.(view);
  }, [version, view, onView]);

  const points = model.lines.reduce((sum, line) => sum + line.x.length, 0);
  const loaded = view?.loaded != null;
  return (
    <div className={css.plot} style={{ height }} ref={host} data-points={points} data-loaded={loaded}>
      <canvas ref={lineCanvas} aria-hidden="true" />
      <canvas
        ref={overlayCanvas}
        tabIndex={0}
        role="img"
        aria-label={summarise(title, model)}
        aria-describedby={helpId}
        className={css.overlay}
      />
      <span id={helpId} className="hidden">
        Left and right arrows move the crosshair, plus and minus zoom, Escape shows everything.
      </span>
      <span className="hidden" aria-live="polite">
        {said}
      </span>
      {points === 0 && (
        <p className={css.note}>
          {error
            ? error.message
            : !loaded
              ? "Loading the curve"
              : logY && answer.some((line) => line.x.length > 0)
                ? "No values above zero"
                : zoom
                  ? "No points in this range"
                  : "No points yet"}
        </p>
      )}
    </div>
  );
}

const none: readonly never[] = [];

/** The curves of this chart, asked for only while it is on the screen. */
function useSeriesView(
  host: React.RefObject<HTMLDivElement | null>,
  wanted: { runs: readonly string[]; metric: string; axis: Axis; zoom: Extent | null },
): SeriesView | null {
  const [view, setView] = useState<SeriesView | null>(null);
  const [width, setWidth] = useState(0);
  const { runs, metric, axis, zoom } = wanted;
  const request = useMemo(() => {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const pixels = Math.max(PIXEL_STEP, Math.ceil((width * ratio) / PIXEL_STEP) * PIXEL_STEP);
    // A little more than is shown, so that lines run to the edges.
    const room = zoom ? (zoom[1] - zoom[0]) / 50 : 0;
    return { runs, metric, axis, low: zoom ? zoom[0] - room : null, high: zoom ? zoom[1] + room : null, pixels };
  }, [runs, metric, axis, zoom, width]);
  const latest = useRef(request);
  latest.current = request;

  useEffect(() => {
    const element = host.current!;
    setWidth(element.clientWidth);
    const made = seriesStore.open(latest.current);
    setView(made);
    const sizes = new ResizeObserver(() => setWidth(element.clientWidth));
    sizes.observe(element);
    const sight = new IntersectionObserver(([entry]) => made.setVisible(entry!.isIntersecting), {
      rootMargin: "300px",
    });
    sight.observe(element);
    return () => {
      sizes.disconnect();
      sight.disconnect();
      made.close();
      setView(null);
    };
  }, [host]);

  useEffect(() => {
    if (width > 0) view?.want(request);
  }, [view, request, width]);
  return view;
}

export interface End {
  /** "step 14,950" and the like for the right end of a chart's title. */
  last: number | null;
  nonfinite: string | null;
  /** Curves with points of which none has a place on an axis of another metric. */
  unplaced: number;
}

export function describeEnd(view: SeriesView): End {
  let last = -Infinity;
  let nonfinite = 0;
  const { axis, low, high } = view.loaded ?? view.request;
  const unplaced =
    axis.startsWith("metric:") && low === null && high === null
      ? view.lines.filter((line) => line.x.length === 0 && line.total > 0).length
      : 0;
  for (const line of view.lines) {
    nonfinite += line.nonfinite;
    if (line.x.length > 0) last = Math.max(last, positionOf(line, line.x.length - 1));
  }
  return {
    last: Number.isFinite(last) ? last : null,
    nonfinite: nonfinite > 0 ? formatCount(nonfinite, "NaN or infinite value") : null,
    unplaced,
  };
}
