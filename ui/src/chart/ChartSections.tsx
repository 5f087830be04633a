import { useCallback, useMemo, useRef, useState } from "react";
import type { Axis } from "../data/series";
import { formatCount } from "../format/numbers";
import { Icon } from "../parts/Icon";
import { useWidth } from "../parts/useWidth";
import { axisFor, misfitNote, pageAxis } from "./axis";
import { ChartCard } from "./ChartCard";
import type { Extent } from "./extent";
import { gridColumns } from "./grid";
import type { LineStyle } from "./model";
import { metricFilter, sectionsOf, type Section } from "./sections";
import css from "./sections.module.css";
import type { ChartSettings } from "./useChartSettings";

interface Props {
  metrics: readonly string[];
  /** All metrics that the runs logged, where these are but a part of them: one of them may be another's x. */
  logged?: readonly string[];
  /** Metrics that come first in their section, the primary one above all. */
  first?: readonly string[];
  lines: readonly LineStyle[];
  settings: ChartSettings;
  /** All in one section of this name instead of sections by prefix. */
  title?: string;
  /** The x that a metric asks for by its contract: `relative`, `wall` or another metric. */
  xOf?: (metric: string) => string | null | undefined;
  /** A short fact for a chart's title, for example its goal. */
  note?: (metric: string) => string | null;
}

/** All charts, in sections. Only those on the screen ask for curves. */
export function ChartSections({ metrics, logged = metrics, first, lines, settings, title, xOf, note }: Props) {
  const filter = useMemo(() => metricFilter(settings.filter), [settings.filter]);
  const key = metrics.join("\n");
  const sections = useMemo(() => {
    const wanted = metrics.filter(filter.matches);
    if (title !== undefined) return wanted.length > 0 ? [{ name: title, metrics: wanted }] : [];
    return sectionsOf(wanted, first);
  }, [key, first?.join("\n"), filter, title]);
  const known = useMemo(() => new Set(logged), [logged.join("\n")]);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const grid = useRef<HTMLDivElement>(null);
  const width = useWidth(grid);
  const fold = (name: string) => {
    const next = new Set(folded);
    if (!next.delete(name)) next.add(name);
    setFolded(next);
  };
  return (
    <div ref={grid} className={css.sections}>
      {sections.length === 0 && metrics.length > 0 && (
        <p className={css.none}>
          No metric matches “{settings.filter}”; there are {formatCount(metrics.length, "metric")}.
        </p>
      )}
      {sections.map((section) => (
        <section key={section.name} aria-label={`Section ${section.name}`}>
          <h2 className={css.head}>
            <button type="button" aria-expanded={!folded.has(section.name)} onClick={() => fold(section.name)}>
              <Icon name={folded.has(section.name) ? "right" : "chevron"} />
              {section.name}
              <span>{formatCount(section.metrics.length, "chart")}</span>
            </button>
          </h2>
          {!folded.has(section.name) && width > 0 && (
            <Grid
              section={section}
              width={width}
              known={known}
              lines={lines}
              settings={settings}
              xOf={xOf}
              note={note}
            />
          )}
        </section>
      ))}
    </div>
  );
}

function Grid({
  section,
  width,
  known,
  lines,
  settings,
  xOf,
  note,
}: { section: Section; width: number; known: ReadonlySet<string> } & Pick<
  Props,
  "lines" | "settings" | "xOf" | "note"
>) {
  // Charts over another axis than the page's can't share its zoom; those over the same one share theirs.
  const [ownZoom, setOwnZoom] = useState<{ axis: Axis; range: Extent | null } | null>(null);
  /** Axes that turned out to have no place for a metric's points. */
  const [misfits, setMisfits] = useState<ReadonlySet<string>>(new Set());
  const columns = gridColumns(section.metrics.length, width);
  const height = columns === 1 && width > 900 ? 320 : Math.round(Math.min(300, Math.max(220, (width / columns) * 0.5)));
  const addMisfit = useCallback(
    (metric: string, axis: Axis) =>
      setMisfits((old) => (old.has(`${axis} ${metric}`) ? old : new Set([...old, `${axis} ${metric}`]))),
    [],
  );
  return (
    <div className={css.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {section.metrics.map((metric) => {
        const wanted = axisFor(metric, settings.axis, xOf?.(metric), known);
        const chosen = misfits.has(`${wanted.axis} ${metric}`)
          ? { axis: "step" as const, note: misfitNote(wanted.axis) }
          : wanted;
        const { axis } = chosen;
        const apart = axis !== pageAxis(settings.axis);
        return (
          <FittingCard
            key={metric}
            title={metric}
            metric={metric}
            note={note?.(metric)}
            axisNote={chosen.note}
            lines={lines}
            axis={axis}
            logY={settings.logY}
            zoom={!apart ? settings.zoom : ownZoom?.axis === axis ? ownZoom.range : null}
            onZoom={apart ? (range) => setOwnZoom({ axis, range }) : settings.setZoom}
            height={height}
            onMisfit={addMisfit}
          />
        );
      })}
    </div>
  );
}

/** A chart that says with its metric when its points don't fit the axis. */
function FittingCard({
  onMisfit,
  ...card
}: Omit<Parameters<typeof ChartCard>[0], "onMisfit"> & { onMisfit: (metric: string, axis: Axis) => void }) {
  const { metric } = card;
  return <ChartCard {...card} onMisfit={useCallback((axis: Axis) => onMisfit(metric, axis), [onMisfit, metric])} />;
}
