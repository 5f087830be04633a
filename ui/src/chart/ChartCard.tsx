import { useCallback, useRef, useState } from "react";
import type { SeriesView } from "../data/series";
import { Icon } from "../parts/Icon";
import { Modal } from "../parts/Modal";
import { Chart, describeEnd, type ChartProps } from "./Chart";
import { ChartTable } from "./ChartTable";
import css from "./chart.module.css";
import { describeX } from "./model";

/** A chart with its title and what can be done with it: enlarge it, read it as a table, show all of it again. */
export function ChartCard(props: Omit<ChartProps, "onView"> & { note?: string | null }) {
  const { title, note, zoom, onZoom, axis } = props;
  const [open, setOpen] = useState<"large" | "table" | null>(null);
  const [end, setEnd] = useState<ReturnType<typeof describeEnd>>({ last: null, nonfinite: null });
  const latest = useRef<SeriesView | null>(null);
  const onView = useCallback((view: SeriesView) => {
    latest.current = view;
    setEnd((old) => {
      const now = describeEnd(view);
      return old.last === now.last && old.nonfinite === now.nonfinite ? old : now;
    });
  }, []);
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
