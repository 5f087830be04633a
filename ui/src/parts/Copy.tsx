import { useEffect, useState } from "react";
import { Icon } from "./Icon";

/** Copies a text; says so to eyes and ears. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      type="button"
      className="button plain"
      title={label}
      aria-label={label}
      onClick={() => void copy(text).then(setDone)}
    >
      <Icon name={done ? "check" : "copy"} />
      <span className="hidden" role="status">
        {done ? "Copied" : ""}
      </span>
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages served over plain HTTP from another machine have no clipboard: let the person see the text and copy it.
    window.prompt("Copy this:", text);
    return false;
  }
}
