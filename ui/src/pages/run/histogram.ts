export interface Bar {
  /** Ends of the bar, 0 to 1 of the whole width. */
  from: number;
  to: number;
  /** 0 to 1 of the highest bar. */
  height: number;
}

/** Bars whose areas are the counts: where bins differ in width, a wide one is drawn lower. */
export function barHeights(edges: readonly number[], counts: readonly number[]): Bar[] {
  const low = edges[0] ?? 0;
  const span = (edges.at(-1) ?? 1) - low || 1;
  const density = counts.map((count, i) => {
    const width = edges[i + 1]! - edges[i]!;
    return width > 0 ? count / width : 0;
  });
  const highest = Math.max(...density, 0) || 1;
  return counts.map((_, i) => ({
    from: (edges[i]! - low) / span,
    to: (edges[i + 1]! - low) / span,
    height: density[i]! / highest,
  }));
}
