/** The order of the table, as one name of the filter language with `-` in front for "greatest first". */

import type { Column } from "./columns";

export const DEFAULT_SORT = "-created";

const PLAIN_KEY = /^[\p{L}_][\p{L}\p{N}_/:@%-]*(\.[\p{L}\p{N}_/:@%-]+)*$/u;

/** How a column is called in the filter language: odd keys stand in backticks, a metric is named with its figure. */
export function sortName(column: Column): string {
  if (column.kind === "field") return column.key;
  if (column.kind === "metrics") return `metrics[${JSON.stringify(column.key)}].${column.figure ?? "last"}`;
  const key = PLAIN_KEY.test(column.key) ? column.key : "`" + column.key.replaceAll("`", "``") + "`";
  return `${column.kind}.${key}`;
}

export type Direction = "ascending" | "descending" | "none";

export function sortDirection(sort: string, name: string): Direction {
  if (sort === name) return "ascending";
  return sort === `-${name}` ? "descending" : "none";
}

/** The next of three states: numbers and times begin with the greatest, texts with A; the third is the table's own order. */
export function nextSort(sort: string, name: string, greatestFirst: boolean): string {
  const order = greatestFirst ? [`-${name}`, name] : [name, `-${name}`];
  const at = order.indexOf(sort);
  if (at === 1 && name !== "created") return DEFAULT_SORT;
  return order[(at + 1) % 2]!;
}
