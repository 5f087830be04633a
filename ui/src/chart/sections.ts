/** Groups metrics into sections by what stands before the first slash, and picks the ones a filter wants. */

export interface Section {
  name: string;
  metrics: string[];
}

/** Where metrics about the machine are: last, in a section of their own. */
export const SYSTEM = "system";
const PLAIN = "Metrics";

/** Sections with the metrics of `first` come first, then metrics without a common prefix, then the alphabet, last the system. */
export function sectionsOf(metrics: readonly string[], first: readonly string[] = []): Section[] {
  const byName = new Map<string, string[]>();
  for (const metric of metrics) {
    const slash = metric.indexOf("/");
    const name = slash > 0 ? metric.slice(0, slash) : PLAIN;
    byName.set(name, [...(byName.get(name) ?? []), metric]);
  }
  // A prefix of a single metric is no section: such metrics stand together.
  for (const [name, keys] of [...byName]) {
    if (keys.length > 1 || name === PLAIN || name === SYSTEM) continue;
    byName.delete(name);
    byName.set(PLAIN, [...(byName.get(PLAIN) ?? []), ...keys]);
  }
  const place = (metric: string) => {
    const at = first.indexOf(metric);
    return at < 0 ? first.length : at;
  };
  const sections = [...byName].map(([name, keys]) => ({
    name,
    metrics: keys.sort((a, b) => place(a) - place(b) || a.localeCompare(b, "en", { numeric: true })),
  }));
  const rank = (section: Section) => {
    if (section.name === SYSTEM) return first.length + 2;
    const best = Math.min(...section.metrics.map(place));
    return best < first.length ? best : first.length + Number(section.name !== PLAIN);
  };
  return sections.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "en", { numeric: true }));
}

export interface MetricFilter {
  matches: (metric: string) => boolean;
  /** Why the filter can't be used as a regular expression; it is then looked for as plain text. */
  problem: string | null;
}

/** A text or a regular expression, without regard to case. */
export function metricFilter(text: string): MetricFilter {
  const wanted = text.trim();
  if (wanted === "") return { matches: () => true, problem: null };
  try {
    const expression = new RegExp(wanted, "i");
    return { matches: (metric) => expression.test(metric), problem: null };
  } catch (error) {
    const plain = wanted.toLowerCase();
    const reason = error instanceof Error ? error.message.replace(/^.*:\s*/, "") : "";
    return {
      matches: (metric) => metric.toLowerCase().includes(plain),
      problem: `Looked for as plain text: ${reason}`,
    };
  }
}
