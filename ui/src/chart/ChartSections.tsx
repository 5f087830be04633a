import { useEffect, useMemo, useRef, useState } from "react";
import { formatCount } from "../format/numbers";
import { Icon } from "../parts/Icon";
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
  /** A short fact for a chart's title, for example its goal. */
  note?: (metric: string) => string | null;
}

/** All charts, in sections. Only those on the screen ask for curves. */
export function ChartSections({ metrics, first, lines, settings, note }: Props) {
  const filter = useMemo(() => metricFilter(settings.filter), [settings.filter]);
  const key = metrics.join("\n");
  const sections = useMemo(() => sectionsOf(metrics.filter(filter.matches), first), [key, first?.join("\n"), filter]);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [width, grid] = useWidth();
  const fold = (name: string) => {
    const next = new Set(folded);
    if (!next.delete(name)) next.add(name);
    setFolded(next);
  };
  return (
    <div ref={grid} className={css.sections}>
      {sections.length === 0 && metrics.length > 0 && <p className={css.none}>No metric matches “{settings.filter}”; there are {formatCount(metrics.length, "metric")}.</p>}
      {sections.map((section) => (
        <section key={section.name} aria-label={`Section ${section.name}`}>
          <h2 className={css.head}>
            <button type="button" aria-expanded={!folded.has(section.name)} onClick={() => fold(section.name)}>
              <Icon name={folded.has(section.name) ? "right" : "down"} />
              {section.name}
              <span>{formatCount(section.metrics.length, "chart")}</span>
            </button>
          </h2>
          {!folded.has(section.name) && width > 0 && <Grid section={section} width={width} lines={lines} settings={settings} note={note} />}
        </section>
      ))}
    </div>
  );
}

function Grid({ section, width, lines, settings, note }: { section: Section; width: number } & Pick<Props, "lines" | "settings" | "note">) {
  // The machine is not measured in training steps: its charts are over time, with a zoom of their own.
  const system = section.name === SYSTEM;
  const [ownZoom, setOwnZoom] = useState<Extent | null>(null);
  const axis = system && settings.axis === "step" ? "relative" : settings.axis;
  const apart = axis !== settings.axis;
  const columns = gridColumns(section.metrics.length, width);
  const height = columns === 1 && width > 900 ? 320 : Math.round(Math.min(300, Math.max(220, (width / columns) * 0.5)));
  return (
    <div className={css.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {section.metrics.map((metric) => (
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
      ))}
    </div>
  );
}

function useWidth(): [number, React.RefObject<HTMLDivElement | null>] {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const measure = () => setWidth(element.current!.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return [width, element];
}
