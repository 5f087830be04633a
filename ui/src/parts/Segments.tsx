/** A few choices of which one holds. */
export function Segments<T extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: T;
  /** Name, text and, where the text is not enough, an explanation. */
  choices: readonly (readonly [T, string, string?])[];
  onChange: (value: T) => void;
}) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {choices.map(([name, text, title]) => (
        <button key={name} type="button" title={title} aria-pressed={name === value} onClick={() => onChange(name)}>
          {text}
        </button>
      ))}
    </div>
  );
}
