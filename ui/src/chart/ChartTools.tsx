import type { ReactNode } from "react";
import { Segments } from "../parts/Segments";
import type { AxisChoice } from "./axis";
import css from "./sections.module.css";
import { metricFilter } from "./sections";
import type { ChartSettings } from "./useChartSettings";

const AXES: readonly (readonly [AxisChoice, string, string?])[] = [
  ["auto", "Auto", "What each metric's contract asks for, or else steps"],
  ["step", "Step"],
  ["relative", "Relative"],
  ["wall", "Wall"],
];

/** The row above the charts: which of them, over what, and how. */
export function ChartTools({ settings, children }: { settings: ChartSettings; children?: ReactNode }) {
  const { problem } = metricFilter(settings.filter);
  return (
    <div className={css.tools} role="group" aria-label="Chart settings">
      <input
        className={`field ${css.find}`}
        type="search"
        aria-label="Filter charts by text or regular expression"
        placeholder="Filter charts (text or regex)"
        title={problem ?? undefined}
        spellCheck={false}
        value={settings.filter}
        onChange={(event) => settings.setFilter(event.target.value)}
      />
      <Segments label="X axis" value={settings.axis} choices={AXES} onChange={settings.setAxis} />
      <button
        type="button"
        className="button"
        aria-pressed={settings.logY}
        onClick={() => settings.setLogY(!settings.logY)}
      >
        Log y
      </button>
      {settings.zoom && (
        <button type="button" className="button" onClick={() => settings.setZoom(null)}>
          Show all
        </button>
      )}
      {children}
    </div>
  );
}
