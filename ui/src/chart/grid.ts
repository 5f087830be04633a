/** How many columns a grid of `count` charts gets in `width` pixels: charts as large as fits, and the last row as full as can be. */
export function gridColumns(count: number, width: number, narrowest = 360, ideal = 500): number {
  const most = Math.max(1, Math.floor(width / narrowest));
  let best = 1;
  let bestCost = Infinity;
  for (let columns = 1; columns <= Math.min(most, Math.max(1, count)); columns++) {
    const empty = (columns - (count % columns)) % columns;
    const wide = width / columns;
    const cost = (empty / columns) * 0.6 + Math.abs(Math.log(wide / ideal)) * 0.9;
    if (cost < bestCost) {
      best = columns;
      bestCost = cost;
    }
  }
  return best;
}
