/** The facts of an environment as people read them: dotted names, times and sizes with units, nothing twice. */

import type { Environment, Json } from "../../api/types";
import { exact, formatBytes } from "../../format/numbers";
import { formatDuration, formatTime } from "../../format/times";

export interface Fact {
  key: string;
  /** What is read. */
  text: string;
  /** What was recorded, where that is something else. */
  recorded: string | null;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const BYTES = /(^|[._])bytes$/;
const SECONDS = /_s$/;

/** The parts that are shown as tables, without what another place on the same tab says already. */
export function environmentParts(environment: Environment, command: readonly string[] | null): [string, Fact[]][] {
  const { packages: _, ...parts } = environment;
  const { git, host, process } = parts;
  const said: [string, string, boolean][] = [
    ["git", "root", git?.root === process?.folder],
    ["host", "usable_cpus", host?.usable_cpus === host?.cpus],
    ["process", "script", typeof process?.script === "string" && !!command?.includes(process.script)],
  ];
  return Object.entries(parts)
    .map(([name, value]): [string, Fact[]] => {
      const facts = flatten(value ?? null);
      return [
        name,
        facts.filter(({ key }) => !said.some(([part, fact, twice]) => twice && part === name && fact === key)),
      ];
    })
    .filter(([, facts]) => facts.length > 0);
}

/** Nested facts as dotted names, like params. */
export function flatten(value: Json, prefix = ""): Fact[] {
  if (value === null) return [];
  if (typeof value === "object" && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix ? `${prefix}.${key}` : key));
  return [readable(prefix || "value", value)];
}

function readable(key: string, value: Exclude<Json, null>): Fact {
  if (typeof value === "number" && BYTES.test(key))
    return { key: key.replace(BYTES, "") || key, text: formatBytes(value), recorded: `${exact(value)} bytes` };
  if (typeof value === "number" && SECONDS.test(key))
    return { key: key.replace(SECONDS, ""), text: formatDuration(value), recorded: `${exact(value)} s` };
  if (typeof value === "string" && TIME.test(value)) return { key, text: formatTime(value), recorded: value };
  const text = Array.isArray(value) ? value.map((item) => exact(item)).join(" ") : exact(value);
  return { key, text, recorded: null };
}
