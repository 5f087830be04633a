import type { Json, RunDetail } from "../../api/types";
import { exact, formatBytes } from "../../format/numbers";
import { Copy } from "../../parts/Copy";
import { Empty } from "../../parts/Messages";
import { KeyValueTable, type Entry } from "./KeyValueTable";
import css from "./run.module.css";

const TITLES: Record<string, string> = {
  git: "Git",
  python: "Python",
  host: "Host",
  process: "Process",
  packages: "Packages",
};
const ORDER = ["git", "python", "process", "host"];

/** Where and from what the run came: enough to do it again. */
export function EnvironmentTab({ run }: { run: RunDetail }) {
  const { packages, ...rest } = run.environment;
  const parts = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  parts.sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b));
  const command = run.command?.map(quote).join(" ");
  if (parts.length === 0 && !packages && !command) {
    return (
      <Empty title="Nothing known yet">
        <p>Git state, packages and hardware are captured in the background, shortly after the run begins.</p>
      </Empty>
    );
  }
  return (
    <>
      {command && (
        <section className={css.panel} aria-label="Command">
          <header>
            <h2>Command</h2>
            <Copy text={command} label="Copy the command" />
          </header>
          <pre className={css.command} tabIndex={0} role="region" aria-label="Command line">
            {command}
          </pre>
        </section>
      )}
      <div className={css.columns}>
        {parts.map(([name, value]) => (
          <KeyValueTable key={name} title={TITLES[name] ?? name} entries={flatten(value as Json)} />
        ))}
      </div>
      {packages && (
        <KeyValueTable
          title="Packages"
          entries={Object.entries(packages)
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([key, version]) => ({ key, text: version, value: <code>{version}</code> }))}
        />
      )}
    </>
  );
}

function place(name: string): number {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}

/** Nested facts as dotted names, like params. */
function flatten(value: Json, prefix = ""): Entry[] {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix ? `${prefix}.${key}` : key));
  }
  if (value === null) return [];
  const bytes =
    typeof value === "number" && /(^|[._])(bytes|memory)($|[._])/.test(prefix) ? ` (${formatBytes(value)})` : "";
  const text = Array.isArray(value) ? value.map((item) => exact(item)).join(" ") : exact(value);
  return [
    {
      key: prefix || "value",
      text,
      value: (
        <>
          <code>{text}</code>
          {bytes && <span className="muted">{bytes}</span>}
        </>
      ),
    },
  ];
}

/** One argument as a shell reads it. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
