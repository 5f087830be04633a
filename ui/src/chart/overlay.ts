/** The canvas above the lines: crosshair, marked points, the highlighted run, the range being dragged. Cheap enough for every frame. */

import { drawLine, styleOf, type Ink } from "./draw";
import type { ChartModel, Layout } from "./model";
import type { Pick } from "./pick";

export interface OverlayState {
  x: number | null;
  picks: readonly Pick[];
  run: string | null;
  drag: [number, number] | null;
}

const MOST_MARKS = 20;

export function drawOverlay(
  context: CanvasRenderingContext2D,
  layout: Layout,
  model: ChartModel,
  state: OverlayState,
  ink: Ink,
  pixelRatio: number,
): void {
  context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height);
  context.save();
  context.beginPath();
  context.rect(layout.left - 1, 0, layout.right - layout.left + 6, layout.bottom + 1);
  context.clip();
  const hot = state.run === null ? undefined : model.lines.find((line) => line.run === state.run);
  if (hot && model.lines.length > 1) {
    context.globalAlpha = 0.6;
    context.fillStyle = ink.surface;
    context.fillRect(layout.left - 1, 0, layout.width, layout.bottom + 1);
    context.globalAlpha = 1;
    const { colour, dash } = styleOf(model, hot.run);
    drawLine(context, layout, hot, colour, dash, 2.25, true);
  }
  if (state.x !== null) {
    const x = layout.x.toPixel(state.x);
    if (x >= layout.left - 1 && x <= layout.right + 1) {
      context.fillStyle = ink.label;
      context.globalAlpha = 0.7;
      context.fillRect(Math.round(x * pixelRatio) / pixelRatio, layout.top, 1, layout.bottom - layout.top);
      context.globalAlpha = 1;
    }
    for (const pick of state.picks.slice(0, MOST_MARKS)) {
      const y = layout.y.toPixel(pick.line.y[pick.index]!);
      if (!Number.isFinite(y)) continue;
      const px = layout.x.toPixel(pick.line.x[pick.index]!);
      context.beginPath();
      context.arc(px, y, 3.5, 0, 2 * Math.PI);
      context.fillStyle = styleOf(model, pick.run).colour;
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = ink.surface;
      context.stroke();
    }
  }
  if (state.drag) {
    const [from, to] = state.drag;
    context.globalAlpha = 0.14;
    context.fillStyle = ink.accent;
    context.fillRect(Math.min(from, to), 0, Math.abs(to - from), layout.bottom);
    context.globalAlpha = 1;
    context.fillRect(from, 0, 1, layout.bottom);
    context.fillRect(to, 0, 1, layout.bottom);
  }
  context.restore();
}
