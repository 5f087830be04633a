/** Which columns the runs table has, what they are called and which ones it begins with. */

import type { Contract, Json, MetricValues, ProjectDetail, RunRow } from "../../api/types";

/** `created`, `params.lr`, `metrics.val/accuracy`, `summary.accuracy`: as in addresses and in the API. */
export type ColumnName = string;

export type ColumnKind = "field" | "params" | "metrics" | "summary";

export interface Column {
  name: ColumnName;
  kind: ColumnKind;
  /** The key without the kind before it. */
  key: string;
  title: string;
  /** Which value of a metric is shown. */
  figure: "last" | "best" | null;
  width: number;
  numeric: boolean;
}

interface Field {
  name: string;
  title: string;
  width: number;
  numeric?: boolean;
}

export const FIELDS: readonly Field[] = [
  { name: "state", title: "State", width: 98 },
  { name: "created", title: "Created", width: 104 },
  { name: "duration", title: "Duration", width: 108, numeric: true },
  { name: "group", title: "Group", width: 112 },
  { name: "experiment", title: "Experiment", width: 140 },
  { name: "tags", title: "Tags", width: 140 },
  { name: "last_step", title: "Last step", width: 92, numeric: true },
  { name: "points", title: "Points", width: 92, numeric: true },
  { name: "problems", title: "Problems", width: 92, numeric: true },
  { name: "user", title: "User", width: 100 },
  { name: "host", title: "Host", width: 120 },
  { name: "id", title: "Id", width: 108 },
  { name: "notes", title: "Notes", width: 220 },
];

/** Fields whose values are all about equally long. */
const FIRM_FIELDS = new Set(["state", "created", "id"]);

const KINDS = ["params", "metrics", "summary"] as const;

/** Splits `params.lr` into kind and key; a name without a kind is a field. */
export function splitColumn(name: ColumnName): { kind: ColumnKind; key: string } {
  const kind = KINDS.find((prefix) => name.startsWith(`${prefix}.`));
  return kind ? { kind, key: name.slice(kind.length + 1) } : { kind: "field", key: name };
}

/** The contract that holds for a metric: the exact pattern before one with `*`. */
export function contractFor(contracts: readonly Contract[], metric: string): Contract | null {
  const exact = contracts.find((contract) => contract.pattern === metric);
  if (exact) return exact;
  return contracts.find((contract) => contract.pattern.includes("*") && glob(contract.pattern).test(metric)) ?? null;
}

function glob(pattern: string): RegExp {
  const escaped = pattern.split("*").map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}

/** The column of a name, or null for a field that does not exist. */
export function makeColumn(name: ColumnName, project: ProjectDetail | undefined): Column | null {
  const { kind, key } = splitColumn(name);
  if (kind === "field") {
    const field = FIELDS.find((item) => item.name === key);
    return field
      ? { name, kind, key, title: field.title, figure: null, width: field.width, numeric: field.numeric ?? false }
      : null;
  }
  const width = Math.round(Math.min(200, Math.max(kind === "params" ? LEAST_PARAM : 72, key.length * 6.6 + 36)));
  if (kind === "metrics") {
    const goal = contractFor(project?.contracts ?? [], key)?.goal;
    return {
      name,
      kind,
      key,
      title: key,
      figure: goal ? "best" : "last",
      width: width + (goal ? 30 : 0),
      numeric: true,
    };
  }
  const types = kind === "params" ? project?.columns.params.find((item) => item.key === key)?.types : undefined;
  const numeric = types ? types.every((type) => type === "int" || type === "float") : kind === "summary";
  return { name, kind, key, title: key, figure: null, width, numeric };
}

/** Room for 0.00005, which is never rounded. */
const LEAST_PARAM = 84;
const MOST_PARAMS = 8;
const FEWEST_PARAMS = 2;
const MOST_RESULTS = 4;
const FEWEST_RESULTS = 1;
/** Width of the selection and name columns. */
const FIXED_WIDTH = 260;
const NARROW_FIXED_WIDTH = 190;
/** A table narrower than this is one on a phone. */
const NARROW = 520;
/** How many params are looked at to find the ones that differ. */
const MOST_SAMPLED = 60;

/** What has to be asked for to choose the columns a table begins with. */
export function sampleColumns(project: ProjectDetail): ColumnName[] {
  const params = [...project.columns.params].sort((a, b) => b.runs - a.runs).slice(0, MOST_SAMPLED);
  return params.map((item) => `params.${item.key}`);
}

/** The columns a table begins with: how well runs did, then what tells them apart; as many params as fit in `width` pixels. */
export function defaultColumns(project: ProjectDetail, sample: readonly RunRow[], width: number): ColumnName[] {
  const names: ColumnName[] = ["state", "created", "duration"];
  if (sample.some((row) => row.group !== null)) names.push("group");
  if (sample.some((row) => row.experiment !== null) && !names.includes("group")) names.push("experiment");
  const asked = sampleColumns(project).map((name) => splitColumn(name).key);
  const varying = varyingParams(asked, sample);
  // A table of one run, or of equal ones, still shows what they were given.
  const params = (varying.length > 0 ? varying : asked).slice(0, MOST_PARAMS).map((key) => `params.${key}`);
  const results = resultColumns(project);
  const taken = (columns: ColumnName[]) =>
    columns.reduce((sum, name) => sum + (makeColumn(name, project)?.width ?? 0), FIXED_WIDTH);
  const tooWide = () => taken([...names, ...results, ...params]) > width;
  while (params.length > FEWEST_PARAMS && tooWide()) params.pop();
  while (results.length > FEWEST_RESULTS && tooWide()) results.pop();
  return [...names, ...results, ...params];
}

/** What differs from run to run, but is no choice between them. */
const SEED = /(^|[._/-])(seed|random_state)$/i;

/** The params that differ, the ones with the most different values among the runs that have them first, seeds last. */
function varyingParams(keys: readonly string[], sample: readonly RunRow[]): string[] {
  return keys
    .map((key) => {
      const values = sample.map((row) => row.params[key]).filter((value) => value !== undefined && value !== null);
      const different = new Set(values.map((value) => JSON.stringify(value))).size;
      return { key, different, share: different / values.length, runs: values.length, seed: SEED.test(key) };
    })
    .filter((param) => param.different > 1)
    .sort((a, b) => Number(a.seed) - Number(b.seed) || b.share - a.share || b.runs - a.runs)
    .map((param) => param.key);
}

function resultColumns(project: ProjectDetail): ColumnName[] {
  const metrics = project.columns.metrics.filter((item) => !item.key.startsWith("system/"));
  const rank = (key: string) => {
    const contract = contractFor(project.contracts, key);
    if (contract?.primary) return 0;
    if (contract?.goal) return 1;
    return /(^|[/_.])(val|valid|test|eval)/.test(key) ? 3 : 4;
  };
  const results = [
    ...metrics.map((item) => ({ name: `metrics.${item.key}`, rank: rank(item.key), runs: item.runs })),
    ...project.columns.summary.map((item) => ({ name: `summary.${item.key}`, rank: 2, runs: item.runs })),
  ];
  return results
    .sort((a, b) => a.rank - b.rank || b.runs - a.runs)
    .slice(0, MOST_RESULTS)
    .map((item) => item.name);
}

const MOST_GROWTH = 160;

/** The width below which a table scrolls, when there are `width` pixels for it. */
export function leastWidth(columns: readonly Column[], width: number): number {
  const fixed = width > 0 && width < NARROW ? NARROW_FIXED_WIDTH : FIXED_WIDTH;
  return columns.reduce((sum, column) => sum + column.width, fixed);
}

/** Widths of the columns in a table of `width` pixels: what is left over goes to the name and to columns of text, evenly. */
export function columnWidths(columns: readonly Column[], width: number): number[] {
  const left = width - leastWidth(columns, width);
  const grows = (column: Column) => !column.numeric && !FIRM_FIELDS.has(column.name);
  const share = Math.max(0, Math.min(MOST_GROWTH, left / (columns.filter(grows).length + 1)));
  return columns.map((column) => column.width + (grows(column) ? Math.floor(share) : 0));
}

/** The columns whose values the server must send; fields come with every row. */
export function requestedColumns(columns: readonly Column[]): string[] {
  return columns.filter((column) => column.kind !== "field").map((column) => column.name);
}

/** What a cell shows, as the API sent it. */
export function cellValue(column: Column, row: RunRow): Json | undefined {
  if (column.kind === "params") return row.params[column.key];
  if (column.kind === "summary") return row.summary[column.key];
  if (column.kind === "metrics") {
    const values: MetricValues | undefined = row.metrics[column.key];
    return values?.[column.figure === "best" ? "best" : "last"];
  }
  if (column.key === "duration") return row.duration_s;
  return row[column.key as keyof RunRow] as Json;
}
