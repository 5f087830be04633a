import type { RunHead } from "../../api/types";
import { Link } from "../../app/navigation";
import { urls } from "../../app/urls";
import { hover, hoverRun } from "../../data/hover";
import { useSignal } from "../../data/signal";
import { Icon } from "../../parts/Icon";
import { StateMark, Swatch } from "../../parts/RunMarks";
import css from "./compare.module.css";

/** The runs of the comparison: which colour is whose, and which are drawn. */
export function Legend({
  runs,
  styles,
  hidden,
  onHide,
  onRemove,
}: {
  runs: readonly RunHead[];
  styles: ReadonlyMap<string, number>;
  hidden: ReadonlySet<string>;
  onHide: (next: ReadonlySet<string>) => void;
  onRemove: (id: string) => void;
}) {
  const hot = useSignal(hover).run;
  const toggle = (id: string) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    onHide(next);
  };
  return (
    <section className={css.legend} aria-label="Runs compared">
      <header>
        <h2>Runs</h2>
        <button type="button" className="button plain" disabled={hidden.size === 0} onClick={() => onHide(new Set())}>
          Show all
        </button>
      </header>
      <ul onPointerLeave={() => hoverRun(null)}>
        {runs.map((run) => {
          const shown = !hidden.has(run.id);
          return (
            <li
              key={run.id}
              data-hot={hot === run.id}
              data-hidden={!shown}
              onPointerEnter={() => hoverRun(shown ? run.id : null)}
              onFocus={() => hoverRun(shown ? run.id : null)}
              onBlur={() => hoverRun(null)}
            >
              <button
                type="button"
                className="button plain"
                aria-pressed={shown}
                aria-label={`Draw ${run.name}`}
                title={shown ? "Hide its curves" : "Draw its curves"}
                onClick={() => toggle(run.id)}
              >
                <Icon name={shown ? "eye" : "eyeOff"} />
              </button>
              <Swatch style={styles.get(run.id) ?? 0} />
              <Link to={urls.run(run.project, run.id)} title={run.name}>
                {run.name}
              </Link>
              <StateMark state={run.state} />
              <button
                type="button"
                className="button plain"
                aria-label={`Take ${run.name} out of the comparison`}
                title="Take out"
                onClick={() => onRemove(run.id)}
              >
                <Icon name="close" />
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
