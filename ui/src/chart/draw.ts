/** Draws grid, bands and lines. Hovering never comes here: the overlay is a canvas of its own. */

import type { Series } from "../api/frame";
import { lowerBound } from "./nearest";
import type { ChartModel, Layout } from "./model";
import { colourOf, dashOf } from "./palette";

export interface Ink {
  grid: string;
  label: string;
  surface: string;
  accent: string;
  text: string;
  font: string;
}

/** More lines than this are drawn one device pixel wide and without bands: wider ones cost ten times as much on a plain canvas. */
const MANY_LINES = 20;
/** Points closer than this many pixels are not marked one by one. */
const POINT_SPACING = 9;

export function drawChart(
  context: CanvasRenderingContext2D,
  layout: Layout,
  model: ChartModel,
  ink: Ink,
  pixelRatio: number,
): void {
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height);
  drawAxes(context, layout, ink, pixelRatio);
  context.save();
  context.beginPath();
  // Where nothing is cut off by a zoom, the first point is drawn whole.
  const before = model.zoom ? 1 : 5;
  context.rect(layout.left - before, 0, layout.right - layout.left + before + 5, layout.bottom + 1);
  context.clip();
  const few = model.lines.length <= MANY_LINES;
  const width = few ? 1.5 : 1 / pixelRatio;
  if (few) for (const line of model.lines) drawBand(context, layout, line, styleOf(model, line.run).colour);
  for (const line of model.lines) {
    const { colour, dash } = styleOf(model, line.run);
    drawLine(context, layout, line, colour, dash, width, few);
    drawNotNumbers(context, layout, line, colour);
  }
  context.restore();
}

export function styleOf(model: ChartModel, run: string): { colour: string; dash: readonly number[] } {
  const style = model.styles.get(run)?.style ?? 0;
  return { colour: colourOf(style, model.theme), dash: dashOf(style) };
}

function drawAxes(context: CanvasRenderingContext2D, layout: Layout, ink: Ink, pixelRatio: number): void {
  const hairline = 1 / pixelRatio;
  context.fillStyle = ink.grid;
  for (const { value } of layout.yTicks) {
    const y = Math.round(layout.y.toPixel(value) * pixelRatio) / pixelRatio;
    context.fillRect(layout.left, y, layout.right - layout.left, Math.max(hairline, 1 / Math.round(pixelRatio)));
  }
  context.fillStyle = ink.label;
  context.font = ink.font;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const { value, label } of layout.yTicks) context.fillText(label, layout.left - 8, layout.y.toPixel(value));
  context.textBaseline = "top";
  let free = -Infinity;
  for (const { value, label } of layout.xTicks) {
    const half = context.measureText(label).width / 2;
    const centre = Math.min(Math.max(layout.x.toPixel(value), half), layout.width - half - 1);
    if (centre - half < free) continue;
    context.textAlign = "center";
    context.fillText(label, centre, layout.bottom + 7);
    free = centre + half + 8;
  }
}

/** The part of a line that touches the shown range, one point further on both sides. */
function shownPart(layout: Layout, line: Series): [number, number] {
  const first = Math.max(0, lowerBound(line.x, layout.x.low) - 1);
  const last = Math.min(line.x.length - 1, lowerBound(line.x, layout.x.high) + 1);
  return [first, last];
}

function drawBand(context: CanvasRenderingContext2D, layout: Layout, line: Series, colour: string): void {
  if (line.exact) return;
  const [first, last] = shownPart(layout, line);
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  let start = first;
  for (let i = first; i <= last + 1; i++) {
    if (i <= last && !Number.isNaN(layout.y.toPixel(line.high[i]!))) continue;
    if (i - start > 1) {
      context.beginPath();
      for (let j = start; j < i; j++) context.lineTo(layout.x.toPixel(line.x[j]!), layout.y.toPixel(line.high[j]!));
      for (let j = i - 1; j >= start; j--) {
        const low = layout.y.toPixel(line.low[j]!);
        context.lineTo(layout.x.toPixel(line.x[j]!), Number.isNaN(low) ? layout.bottom : low);
      }
      context.fill();
    }
    start = i + 1;
  }
  context.globalAlpha = 1;
}

export function drawLine(
  context: CanvasRenderingContext2D,
  layout: Layout,
  line: Series,
  colour: string,
  dash: readonly number[],
  width: number,
  mayMark: boolean,
): void {
  const [first, last] = shownPart(layout, line);
  if (last < first) return;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.setLineDash(dash as number[]);
  context.beginPath();
  const alone: number[] = [];
  let drawing = false;
  for (let i = first; i <= last; i++) {
    const y = layout.y.toPixel(line.y[i]!);
    if (!Number.isFinite(y)) {
      drawing = false;
      continue;
    }
    const x = layout.x.toPixel(line.x[i]!);
    if (drawing) {
      context.lineTo(x, y);
    } else {
      context.moveTo(x, y);
      const next = i < last ? layout.y.toPixel(line.y[i + 1]!) : NaN;
      if (!Number.isFinite(next)) alone.push(i);
    }
    drawing = true;
  }
  context.stroke();
  context.setLineDash([]);
  const sparse = mayMark && line.exact && (last - first + 1) * POINT_SPACING < layout.right - layout.left;
  context.fillStyle = colour;
  context.beginPath();
  const mark = (i: number, radius: number) => {
    const x = layout.x.toPixel(line.x[i]!);
    const y = layout.y.toPixel(line.y[i]!);
    if (!Number.isFinite(y)) return;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  };
  if (sparse) for (let i = first; i <= last; i++) mark(i, 2.25);
  for (const i of alone) mark(i, 2.75);
  context.fill();
}

/** A small triangle at the lower edge where a line has no number: such points are found, not hidden. */
function drawNotNumbers(context: CanvasRenderingContext2D, layout: Layout, line: Series, colour: string): void {
  if (line.nonfinite === 0) return;
  const [first, last] = shownPart(layout, line);
  context.fillStyle = colour;
  let free = -Infinity;
  for (let i = first; i <= last; i++) {
    if (Number.isFinite(line.y[i]!)) continue;
    const x = layout.x.toPixel(line.x[i]!);
    if (x < free) continue;
    context.beginPath();
    context.moveTo(x - 4, layout.bottom);
    context.lineTo(x + 4, layout.bottom);
    context.lineTo(x, layout.bottom - 7);
    context.fill();
    free = x + 4;
  }
}
