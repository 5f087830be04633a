import { useId } from "react";
import { formatNumber } from "../../format/numbers";
import css from "./media.module.css";

/** Chooses one of some steps, with the pointer or the arrow keys. */
export function StepSlider({
  name,
  steps,
  step,
  onChange,
}: {
  name: string;
  /** From the oldest to the newest, at least one. */
  steps: readonly number[];
  step: number;
  onChange: (step: number) => void;
}) {
  const id = useId();
  return (
    <div className={css.slider}>
      <label htmlFor={id}>
        Step<span className="hidden"> of {name}</span>
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={steps.length - 1}
        value={Math.max(0, steps.indexOf(step))}
        aria-valuetext={`Step ${formatNumber(step)}`}
        onChange={(event) => onChange(steps[Number(event.target.value)]!)}
      />
      <output htmlFor={id} className="number">
        {formatNumber(step)}
      </output>
      <span className="muted number">
        {formatNumber(steps[0])} to {formatNumber(steps.at(-1))}
      </span>
    </div>
  );
}
