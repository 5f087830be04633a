export interface Counted {
  edges: readonly number[];
  counts: readonly number[];
}

/** What is drawn of histograms: one for all of a key, so that the eye may compare them. */
export interface Frame {
  low: number;
  high: number;
  /** Values per unit of x of the highest bar. */
  density: number;
}

/** The frame that holds all of some histograms. */
export function frameOf(histograms: readonly Counted[]): Frame {
  const frame = { low: Infinity, high: -Infinity, density: 0 };
  for (const histogram of histograms) {
    for (const edge of histogram.edges) {
      if (!Number.isFinite(edge)) continue;
      frame.low = Math.min(frame.low, edge);
      frame.high = Math.max(frame.high, edge);
    }
    for (const density of densities(histogram))
      if (Number.isFinite(density)) frame.density = Math.max(frame.density, density);
  }
  return frame.low > frame.high ? { low: 0, high: 1, density: frame.density } : frame;
}

export interface Bar {
  /** Ends of the bar, 0 to 1 of the whole width. */
  from: number;
  to: number;
  /** 0 to 1 of the highest bar. */
  height: number;
}

/** Bars whose areas are the counts: where bins differ in width, a wide one is drawn lower. */
export function barHeights(histogram: Counted, { low, high, density }: Frame): Bar[] {
  const { edges } = histogram;
  const place = (edge: number) => Math.min(1, Math.max(0, (edge - low) / (high - low || 1)));
  return densities(histogram).map((value, i) => ({
    from: place(edges[i]!),
    to: place(edges[i + 1]!),
    height: value / (density || 1),
  }));
}

function densities({ edges, counts }: Counted): number[] {
  return counts.map((count, i) => {
    const width = edges[i + 1]! - edges[i]!;
    return width > 0 ? count / width : 0;
  });
}
