/** The shapes of docs/api.md, word for word. */

/** A number; not finite ones and whole numbers beyond 2^53 come as strings. */
export type ApiNumber = number | string;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type RunState = "running" | "silent" | "finished" | "failed" | "stopped" | "crashed";
export type Goal = "max" | "min" | null;

export interface Page<T> {
  items: T[];
  total: number;
  revision: number;
  next_cursor: string | null;
}

export interface StoreInfo {
  version: string;
  path: string;
  store_id: string;
  revision: number;
  now: string;
  taken_in: string | null;
  projects: number;
  runs: number;
  problem: string | null;
}

export interface Project {
  name: string;
  runs: number;
  running: number;
  failed: number;
  created: string;
  last_activity: string | null;
  experiments: number;
  primary: {
    metric: string;
    goal: Goal;
    unit: string | null;
    best: ApiNumber | null;
    run: string;
    run_name: string;
  } | null;
}

export interface Contract {
  pattern: string;
  goal: Goal;
  unit: string | null;
  primary: boolean;
  x: string | null;
  low: number | null;
  high: number | null;
  description: string | null;
}

export interface Experiment {
  name: string;
  project: string;
  hypothesis: string | null;
  prediction: string | null;
  verdict: string | null;
  conclusion: string | null;
  runs: number;
  created: string;
  updated: string | null;
}

export interface ColumnInfo {
  key: string;
  runs: number;
  types?: string[];
}

export interface ProjectDetail extends Omit<Project, "experiments"> {
  contracts: Contract[];
  experiments: Experiment[];
  columns: { params: ColumnInfo[]; metrics: ColumnInfo[]; summary: ColumnInfo[] };
}

export interface MetricValues {
  last: ApiNumber | null;
  min: ApiNumber | null;
  max: ApiNumber | null;
  best: ApiNumber | null;
}

export interface RunHead {
  id: string;
  name: string;
  project: string;
  experiment: string | null;
  group: string | null;
  parent: string | null;
  state: RunState;
  created: string;
  started: string | null;
  ended: string | null;
  duration_s: number | null;
  tags: string[];
  notes: string | null;
  user: string | null;
  host: string | null;
  last_step: number | null;
  points: number;
  problems: number;
}

export interface RunRow extends RunHead {
  params: Record<string, Json>;
  metrics: Record<string, MetricValues>;
  summary: Record<string, Json>;
}

export interface MetricInfo {
  key: string;
  points: number;
  first: ApiNumber | null;
  last: ApiNumber | null;
  min: ApiNumber | null;
  max: ApiNumber | null;
  mean: ApiNumber | null;
  best: ApiNumber | null;
  best_step: number | null;
  last_step: number | null;
  nonfinite: number;
  contract: Contract | null;
}

export interface Artifact {
  name: string;
  kind: string | null;
  version: number;
  digest: string;
  size: number;
  created: string;
  files: { path: string; size: number; digest: string }[];
}

export interface Problem {
  code: string;
  message: string;
  count: number;
  first: string;
  last: string;
}

export interface Environment {
  git?: Record<string, Json> | null;
  python?: Record<string, Json> | null;
  host?: Record<string, Json> | null;
  process?: Record<string, Json> | null;
  packages?: Record<string, string> | null;
  [part: string]: Json | undefined;
}

export interface RunDetail extends RunRow {
  hypothesis: string | null;
  url: string;
  command: string[] | null;
  traceback: string | null;
  exit_code: number | null;
  param_conflicts: Record<string, Json[]>;
  metric_list: MetricInfo[];
  environment: Environment;
  artifacts: Artifact[];
  media: { key: string; kind: string; entries: number; last_step: number | null }[];
  problems_list: Problem[];
  writers: {
    writer: string;
    role: string;
    rank: number | null;
    host: string | null;
    pid: number | null;
    state: string;
  }[];
  forked_from: { run: string; step: number } | null;
  children: { id: string; name: string; state: RunState }[];
  siblings: { previous: string | null; next: string | null };
}

export interface ConsoleLine {
  n: number;
  time: string;
  stream: string;
  text: string;
}

export interface ConsolePage {
  lines: ConsoleLine[];
  next: number;
  total: number;
}

export interface MediaEntry {
  kind: string;
  key: string;
  step: number;
  time: string;
  caption: string | null;
  digest: string | null;
  media_type: string | null;
  size: number | null;
  data: { text?: string; columns?: string[]; rows?: Json[][]; edges?: ApiNumber[]; counts?: ApiNumber[] } | null;
}

export interface ComparisonLine {
  key: string;
  values: (Json | undefined)[];
  differs: boolean;
  goal: Goal;
  best: number[];
  unit: string | null;
}

export interface Comparison {
  runs: RunHead[];
  params: ComparisonLine[];
  results: ComparisonLine[];
  environment: ComparisonLine[];
}

export interface Completion {
  text: string;
  kind: "param" | "metric" | "summary" | "field" | "operator" | "value";
  detail: string | null;
}

export interface Completions {
  start: number;
  end: number;
  items: Completion[];
}

/** What a `changed` event says. `runs: null` means that anything may have changed. */
export interface Change {
  revision: number;
  runs: { id: string; project: string; state: RunState; last_step: number | null }[] | null;
  projects: string[];
}
