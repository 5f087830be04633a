import type { ComparisonLine, Contract } from "../../api/types";
import { contractFor } from "../runs/columns";

const MOST_KEY_METRICS = 4;

/** The metrics a comparison is about: those with a goal, the primary one first; failing that the first two. */
export function keyMetrics(metrics: readonly string[], contracts: readonly Contract[]): string[] {
  const own = metrics.filter((metric) => !metric.startsWith("system/"));
  const withGoal = own.filter((metric) => contractFor(contracts, metric)?.goal);
  withGoal.sort((a, b) => Number(contractFor(contracts, b)?.primary) - Number(contractFor(contracts, a)?.primary));
  return withGoal.length > 0 ? withGoal.slice(0, MOST_KEY_METRICS) : own.slice(0, 2);
}

/** Results with a goal first, those about the machine last. */
export function orderResults(lines: readonly ComparisonLine[]): ComparisonLine[] {
  const rank = (line: ComparisonLine) => (line.goal ? 0 : line.key.startsWith("system/") ? 2 : 1);
  return [...lines].sort((a, b) => rank(a) - rank(b));
}
