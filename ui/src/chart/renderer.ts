/** One chart on the page: two canvases, the pointer and the keyboard. React only mounts it. */

import { clearHover, hover } from "../data/hover";
import { schedule, unschedule } from "../data/scheduler";
import { drawChart, type Ink } from "./draw";
import type { Extent } from "./extent";
import { describeX, layOut, positionOf, type ChartModel, type Layout } from "./model";
import { nearestIndex } from "./nearest";
import { drawOverlay } from "./overlay";
import { pickAt, type Pick } from "./pick";
import { describePick, Tooltip } from "./tooltip";

export interface ChartEvents {
  /** A range of x was dragged, or null: everything is wanted again. */
  onZoom(range: Extent | null): void;
  /** What the crosshair stands on, in words, when the keyboard moved it. */
  onSay(text: string): void;
}

const SHORTEST_DRAG = 6;
/** A line further from the pointer than this is not meant. */
const REACH = 40;

export class ChartRenderer {
  private model: ChartModel | null = null;
  private layout: Layout | null = null;
  private ink: Ink | null = null;
  private inkTheme = "";
  private width = 0;
  private height = 0;
  private picks: Pick[] = [];
  private pointerY: number | null = null;
  private drag: [number, number] | null = null;
  private keyIndex = -1;
  private readonly tooltip: Tooltip;
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly host: HTMLElement,
    private readonly lines: HTMLCanvasElement,
    private readonly overlay: HTMLCanvasElement,
    private readonly events: ChartEvents,
  ) {
    this.tooltip = new Tooltip(host);
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(host);
    this.undo.push(
      () => observer.disconnect(),
      hover.subscribe(() => schedule(this.paintOverlay)),
    );
    this.listen("pointermove", (event) => this.onPointerMove(event));
    this.listen("pointerleave", () => this.leave());
    this.listen("pointerdown", (event) => this.onPointerDown(event));
    this.listen("pointerup", (event) => this.onPointerUp(event));
    this.listen("pointercancel", () => this.endDrag());
    this.listen("dblclick", () => this.events.onZoom(null));
    this.listen("keydown", (event) => this.onKey(event));
    this.listen("blur", () => this.leave());
    void document.fonts?.ready.then(() => schedule(this.paint));
    this.measure();
  }

  update(model: ChartModel): void {
    this.model = model;
    schedule(this.paint);
  }

  close(): void {
    this.undo.forEach((call) => call());
    unschedule(this.paint);
    unschedule(this.paintOverlay);
    clearHover(this);
    this.tooltip.element.remove();
  }

  private listen<K extends keyof HTMLElementEventMap>(type: K, handler: (event: HTMLElementEventMap[K]) => void): void {
    this.overlay.addEventListener(type, handler);
    this.undo.push(() => this.overlay.removeEventListener(type, handler));
  }

  private measure(): void {
    const { width, height } = this.host.getBoundingClientRect();
    if (width === this.width && height === this.height) return;
    this.width = width;
    this.height = height;
    schedule(this.paint);
  }

  private get pixelRatio(): number {
    return window.devicePixelRatio || 1;
  }

  private readonly paint = (): void => {
    const context = this.lines.getContext("2d");
    if (!this.model || !context || this.width < 40 || this.height < 40) return;
    for (const canvas of [this.lines, this.overlay]) {
      const width = Math.round(this.width * this.pixelRatio);
      const height = Math.round(this.height * this.pixelRatio);
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }
    const ink = this.readInk();
    context.font = ink.font;
    this.layout = layOut(
      this.model,
      { width: this.width, height: this.height },
      (text) => context.measureText(text).width,
    );
    drawChart(context, this.layout, this.model, ink, this.pixelRatio);
    this.paintOverlay();
  };

  private readonly paintOverlay = (): void => {
    const context = this.overlay.getContext("2d");
    if (!this.model || !this.layout || !this.ink || !context) return;
    const { x, axis, run, source } = hover.value;
    const at = axis === this.model.axis ? x : null;
    const mine = source === this;
    this.picks = at === null ? [] : pickAt(this.model.lines, this.layout, at, mine ? this.pointerY : null);
    drawOverlay(
      context,
      this.layout,
      this.model,
      { x: at, picks: this.picks, run, drag: this.drag },
      this.ink,
      this.pixelRatio,
    );
    if (mine && at !== null && this.picks.length > 0 && !this.drag)
      this.tooltip.show(this.model, this.layout, at, this.picks, run);
    else this.tooltip.hide();
  };

  private readInk(): Ink {
    const theme = this.model?.theme ?? "light";
    if (this.ink && this.inkTheme === theme) return this.ink;
    const probe = document.createElement("span");
    this.host.append(probe);
    const read = (name: string) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    this.ink = {
      grid: read("--grid"),
      label: read("--text-3"),
      surface: read("--surface"),
      accent: read("--accent"),
      text: read("--text"),
      font: `11px ${getComputedStyle(this.host).fontFamily}`,
    };
    probe.remove();
    this.inkTheme = theme;
    return this.ink;
  }

  private position(event: PointerEvent): [x: number, y: number] {
    const box = this.overlay.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private onPointerMove(event: PointerEvent): void {
    if (!this.layout || !this.model) return;
    const [px, py] = this.position(event);
    const { left, right } = this.layout;
    if (this.drag) {
      this.drag = [this.drag[0], Math.min(right, Math.max(left, px))];
      schedule(this.paintOverlay);
      return;
    }
    if (px < left - 4 || px > right + 6) return this.leave();
    this.pointerY = py;
    this.moveTo(this.layout.x.fromPixel(Math.min(right, Math.max(left, px))));
  }

  private moveTo(x: number): void {
    if (!this.layout || !this.model) return;
    const [nearest] = pickAt(this.model.lines, this.layout, x, this.pointerY);
    const run =
      nearest && this.model.lines.length > 1 && (this.pointerY === null || nearest.distance < REACH)
        ? nearest.run
        : null;
    hover.set({ x, axis: this.model.axis, run, source: this });
  }

  private leave(): void {
    this.pointerY = null;
    this.keyIndex = -1;
    clearHover(this);
  }

  private onPointerDown(event: PointerEvent): void {
    if (event.button !== 0 || !this.layout || event.pointerType === "touch") return;
    const [px] = this.position(event);
    if (px < this.layout.left - 4) return;
    this.overlay.setPointerCapture(event.pointerId);
    const start = Math.max(this.layout.left, px);
    this.drag = [start, start];
  }

  private onPointerUp(event: PointerEvent): void {
    const drag = this.drag;
    this.endDrag();
    if (!drag || !this.layout) return;
    const [px] = this.position(event);
    const to = Math.min(this.layout.right, Math.max(this.layout.left, px));
    if (Math.abs(to - drag[0]) < SHORTEST_DRAG) return;
    const range = [
      this.layout.x.fromPixel(Math.min(drag[0], to)),
      this.layout.x.fromPixel(Math.max(drag[0], to)),
    ] as Extent;
    if (range[1] > range[0]) this.events.onZoom(range);
  }

  private endDrag(): void {
    this.drag = null;
    schedule(this.paintOverlay);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.metaKey || event.ctrlKey || event.altKey || !this.layout) return;
    const step = event.shiftKey ? 10 : 1;
    if (event.key === "ArrowRight") this.moveBy(step);
    else if (event.key === "ArrowLeft") this.moveBy(-step);
    else if (event.key === "Home") this.moveBy(-Infinity);
    else if (event.key === "End") this.moveBy(Infinity);
    else if (event.key === "Escape") this.events.onZoom(null);
    else if (event.key === "+" || event.key === "=") this.zoomBy(0.5);
    else if (event.key === "-") this.zoomBy(2);
    else return;
    event.preventDefault();
  }

  /** Moves the crosshair along the points of the line that has the most of them. */
  private moveBy(points: number): void {
    if (!this.model || !this.layout) return;
    const line = this.model.lines.reduce<(typeof this.model.lines)[number] | null>(
      (a, b) => (a && a.x.length >= b.x.length ? a : b),
      null,
    );
    if (!line || line.x.length === 0) return;
    if (this.keyIndex < 0 && Number.isFinite(points)) {
      const middle = (this.layout.x.low + this.layout.x.high) / 2;
      this.keyIndex = nearestIndex(line.x, hover.value.x ?? middle);
    } else {
      this.keyIndex = Math.min(line.x.length - 1, Math.max(0, this.keyIndex + points));
    }
    this.pointerY = null;
    const x = line.x[this.keyIndex]!;
    hover.set({ x, axis: this.model.axis, run: null, source: this });
    const picks = pickAt(this.model.lines, this.layout, x, null).slice(0, 5);
    const values = picks.map((pick) => `${this.model!.styles.get(pick.run)?.label ?? pick.run} ${describePick(pick)}`);
    this.events.onSay(`${describeX(this.model.axis, positionOf(line, this.keyIndex))}: ${values.join(", ")}`);
  }

  private zoomBy(factor: number): void {
    if (!this.layout) return;
    const { low, high } = this.layout.x;
    const at = hover.value.source === this && hover.value.x !== null ? hover.value.x : (low + high) / 2;
    const range: Extent = [at - (at - low) * factor, at + (high - at) * factor];
    if (range[1] > range[0]) this.events.onZoom(range);
  }
}
