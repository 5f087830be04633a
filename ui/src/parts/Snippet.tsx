import { Copy } from "./Copy";
import css from "./parts.module.css";

export function Snippet({ text, label }: { text: string; label: string }) {
  return (
    <div className={css.snippet}>
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <Copy text={text} label={`Copy ${label}`} />
    </div>
  );
}
