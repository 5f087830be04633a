/** The box beside the crosshair. Made by hand, not by React: it follows the pointer in the same frame as the overlay. */

import { formatNumber } from "../format/numbers";
import { styleOf } from "./draw";
import { describeX, positionOf, type ChartModel, type Layout } from "./model";
import type { Pick } from "./pick";
import css from "./chart.module.css";

const MOST_ROWS = 8;

export function describePick(pick: Pick): string {
  const { line, index } = pick;
  const value = formatNumber(line.y[index]!, 5);
  if (line.exact || line.count === null || line.count[index]! <= 1) return value;
  return `${value} (${formatNumber(line.low[index]!, 4)} to ${formatNumber(line.high[index]!, 4)})`;
}

export class Tooltip {
  readonly element = document.createElement("div");

  constructor(parent: HTMLElement) {
    this.element.className = css.tooltip!;
    this.element.hidden = true;
    parent.append(this.element);
  }

  hide(): void {
    this.element.hidden = true;
  }

  show(model: ChartModel, layout: Layout, x: number, picks: readonly Pick[], nearest: string | null): void {
    const head = document.createElement("div");
    head.className = css.tooltipHead!;
    head.textContent = describeX(model.axis, picks[0] ? positionOf(picks[0].line, picks[0].index) : x);
    const rows = picks.slice(0, MOST_ROWS).map((pick) => {
      const row = document.createElement("div");
      row.className = css.tooltipRow!;
      row.toggleAttribute("data-nearest", pick.run === nearest && picks.length > 1);
      const mark = document.createElement("i");
      mark.style.background = styleOf(model, pick.run).colour;
      const label = document.createElement("span");
      label.textContent = model.styles.get(pick.run)?.label ?? pick.run;
      const value = document.createElement("b");
      value.textContent = describePick(pick);
      row.append(mark, label, value);
      return row;
    });
    if (picks.length > MOST_ROWS) {
      const more = document.createElement("div");
      more.className = css.tooltipHead!;
      more.textContent = `and ${picks.length - MOST_ROWS} more`;
      rows.push(more);
    }
    this.element.replaceChildren(head, ...rows);
    this.element.hidden = false;
    const at = layout.x.toPixel(x);
    const width = this.element.offsetWidth;
    // Beside the crosshair rather than over the lines before it, even if it reaches over the next chart.
    const right = this.element.parentElement!.getBoundingClientRect().left + at + 14 + width < window.innerWidth - 8;
    this.element.style.transform = `translate(${right ? at + 14 : Math.max(0, at - 14 - width)}px, ${layout.top + 4}px)`;
  }
}
