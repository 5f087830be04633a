import { useCallback, useRef, useState } from "react";
import type { Axis, SeriesView } from "../data/series";
import { formatCount } from "../format/numbers";
import { Icon } from "../parts/Icon";
import { Modal } from "../parts/Modal";
import { Chart, describeEnd, type ChartProps, type End } from "./Chart";
import { ChartTable } from "./ChartTable";
import css from "./chart.module.css";
import { axisName, describeX } from "./model";

/** A chart with its title and what can be done with it: enlarge it, read it as a table, show all of it again. */
export function ChartCard(
  props: Omit<ChartProps, "onView"> & {
    note?: string | null;
    /** Why the chart is not drawn over what the metric's contract asks for. */
    axisNote?: string | null;
    /** Told when there are points, but none of them has a place on this axis. */
    onMisfit?: (axis: Axis) => void;
  },
) {
  const { title, note, axisNote, zoom, onZoom, axis, onMisfit } = props;
  const [open, setOpen] = useState<"large" | "table" | null>(null);
  const [end, setEnd] = useState<End>({ last: null, nonfinite: null, unplaced: 0 });
  const latest = useRef<SeriesView | null>(null);
  const onView = useCallback(
    (view: SeriesView) => {
      latest.current = view;
      const now = describeEnd(view);
      if (now.unplaced > 0 && now.last === null && view.loaded) onMisfit?.(view.loaded.axis);
      setEnd((old) =>
        old.last === now.last && old.nonfinite === now.nonfinite && old.unplaced === now.unplaced ? old : now,
      );
    },
    [onMisfit],
  );
  return (
    <section className={css.card} aria-label={`Chart ${title}`} data-metric={props.metric}>
      <header className={css.head}>
        <h3 title={title}>{title}</h3>
        {note && <span className={css.fact}>{note}</span>}
        <span className={css.actions}>
          {zoom && (
            <button type="button" className="button plain" onClick={() => onZoom(null)}>
              Show all
            </button>
          )}
          <button
            type="button"
            className="button plain"
            onClick={() => setOpen("table")}
            title="Show as table"
            aria-label={`Show ${title} as table`}
          >
            <Icon name="table" />
          </button>
          <button
            type="button"
            className="button plain"
            onClick={() => setOpen("large")}
            title="Enlarge"
            aria-label={`Enlarge ${title}`}
          >
            <Icon name="expand" />
          </button>
        </span>
        {axisNote && (
          <span className={css.warning} title={`${axisNote}; the metric's contract asks for it`}>
            {axisNote}
          </span>
        )}
        {end.unplaced > 0 && end.last !== null && (
          <span className={css.warning}>
            {formatCount(end.unplaced, "run")} without {axisName(axis)}
          </span>
        )}
        {end.nonfinite && (
          <span className={css.warning} title={end.nonfinite}>
            {end.nonfinite.replace(/ or infinite values?/, "")}
          </span>
        )}
        {end.last !== null && <span className={`${css.fact} number`}>{describeX(axis, end.last)}</span>}
      </header>
      <Chart {...props} onView={onView} />
      {open === "large" && (
        <Modal title={title} onClose={() => setOpen(null)} wide>
          <Chart {...props} height={Math.max(320, window.innerHeight - 220)} />
        </Modal>
      )}
      {open === "table" && latest.current && (
        <Modal title={`${title} as table`} onClose={() => setOpen(null)} wide>
          <ChartTable view={latest.current} lines={props.lines} axis={axis} />
        </Modal>
      )}
    </section>
  );
}
