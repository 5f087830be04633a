import { useMemo, useRef, useState } from "react";
import type { Axis } from "../data/series";
import { formatCount } from "../format/numbers";
import { Icon } from "../parts/Icon";
import { useWidth } from "../parts/useWidth";
import { ChartCard } from "./ChartCard";
import type { Extent } from "./extent";
import { gridColumns } from "./grid";
import type { LineStyle } from "./model";
import { metricFilter, sectionsOf, SYSTEM, type Section } from "./sections";
import css from "./sections.module.css";
import type { ChartSettings } from "./useChartSettings";

interface Props {
  metrics: readonly string[];
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
export function ChartSections({ metrics, first, lines, settings, title, xOf, note }: Props) {
  const filter = useMemo(() => metricFilter(settings.filter), [settings.filter]);
  const key = metrics.join("\n");
  const sections = useMemo(() => {
    const wanted = metrics.filter(filter.matches);
    if (title !== undefined) return wanted.length > 0 ? [{ name: title, metrics: wanted }] : [];
    return sectionsOf(wanted, first);
  }, [key, first?.join("\n"), filter, title]);
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
            <Grid section={section} width={width} lines={lines} settings={settings} xOf={xOf} note={note} />
          )}
        </section>
      ))}
    </div>
  );
}

function Grid({
  section,
  width,
  lines,
  settings,
  xOf,
  note,
}: { section: Section; width: number } & Pick<Props, "lines" | "settings" | "xOf" | "note">) {
  // Charts over another axis than the page's can't share its zoom.
  const [ownZoom, setOwnZoom] = useState<Extent | null>(null);
  const columns = gridColumns(section.metrics.length, width);
  const height = columns === 1 && width > 900 ? 320 : Math.round(Math.min(300, Math.max(220, (width / columns) * 0.5)));
  return (
    <div className={css.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {section.metrics.map((metric) => {
        const axis = axisFor(metric, settings.axis, xOf?.(metric));
        const apart = axis !== settings.axis;
        return (
          <ChartCard
            key={metric}
            title={metric}
            metric={metric}
            note={note?.(metric)}
            lines={lines}
            axis={axis}
            logY={settings.logY}
            zoom={apart ? ownZoom : settings.zoom}
            onZoom={apart ? setOwnZoom : settings.setZoom}
            height={height}
          />
        );
      })}
    </div>
  );
}

/** Over steps, unless the metric's contract says otherwise: the machine, for one, is not measured in training steps. */
function axisFor(metric: string, chosen: Axis, wanted: string | null | undefined): Axis {
  if (chosen !== "step" || wanted === "step") return chosen;
  if (wanted === "relative" || wanted === "wall") return wanted;
  if (wanted) return `metric:${wanted}`;
  return metric.startsWith(`${SYSTEM}/`) ? "relative" : chosen;
}
