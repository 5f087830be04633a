/** The ids selected after a click on one row: with Shift, everything from the row clicked before takes its state. */
export function toggleSelection(
  selected: ReadonlySet<string>,
  rows: readonly (string | undefined)[],
  index: number,
  anchor: number | null,
): Set<string> {
  const next = new Set(selected);
  const id = rows[index];
  if (id === undefined) return next;
  const add = !selected.has(id);
  const from = anchor === null ? index : Math.min(anchor, index);
  const to = anchor === null ? index : Math.max(anchor, index);
  for (const row of rows.slice(from, to + 1)) {
    if (row === undefined) continue;
    if (add) next.add(row);
    else next.delete(row);
  }
  return next;
}
