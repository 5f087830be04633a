import type { RunDetail } from "../../api/types";
import { Copy } from "../../parts/Copy";
import { Empty } from "../../parts/Messages";
import { environmentParts } from "./environmentFacts";
import { KeyValueTable } from "./KeyValueTable";
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
  const { packages } = run.environment;
  const parts = environmentParts(run.environment, run.command);
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
        {parts.map(([name, facts]) => (
          <KeyValueTable
            key={name}
            title={TITLES[name] ?? name}
            entries={facts.map(({ key, text, recorded }) => ({
              key,
              text,
              value: <code title={recorded ?? undefined}>{text}</code>,
            }))}
          />
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

/** One argument as a shell reads it. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
