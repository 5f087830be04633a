import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { ApiError, getJson } from "../../api/client";
import type { Completions } from "../../api/types";
import { Icon } from "../../parts/Icon";
import { useDebounced } from "../../parts/useDebounced";
import { applyCompletion, pointIndex, replaceWord, wordAt } from "./filterText";
import css from "./runs.module.css";

const SETTLE_MS = 350;
const COMPLETE_MS = 120;

/** The filter: applied when typing rests, completed as one types, explained where it can't be understood. */
export function FilterBox({
  project,
  value,
  error,
  onChange,
}: {
  project: string;
  value: string;
  error: ApiError | null;
  onChange: (q: string) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const listId = useId();
  const errorId = useId();
  const [text, setText] = useState(value);
  const [cursor, setCursor] = useState(value.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [placed, setPlaced] = useState<number | null>(null);
  const settled = useDebounced(text, SETTLE_MS);
  const sent = useRef(value);

  // The address changed from elsewhere (back button, a link): it wins over what stands in the box.
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  const apply = (next: string) => {
    if (next.trim() === sent.current) return;
    sent.current = next.trim();
    onChange(next.trim());
  };
  useEffect(() => {
    if (settled === text) apply(settled);
  }, [settled]);

  const completions = useCompletions(project, text, cursor, open);
  const items = open ? (completions?.items ?? []) : [];
  useEffect(() => setActive(-1), [completions]);

  // Before the next key is handled, or it would be typed in the wrong place.
  useLayoutEffect(() => {
    if (placed === null) return;
    input.current?.setSelectionRange(placed, placed);
    setPlaced(null);
  }, [placed]);

  const take = (index: number) => {
    const item = items[index];
    if (!item || !completions) return;
    const next = applyCompletion(text, completions.start, completions.end, item.text);
    setText(next.text);
    setCursor(next.cursor);
    setPlaced(next.cursor);
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "Escape") {
      setOpen(false);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      if (items.length > 0)
        setActive((active + (event.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1) + items.length) % items.length);
    } else if (event.key === "Enter") {
      if (active >= 0) {
        event.preventDefault();
        take(active);
      } else {
        setOpen(false);
        apply(text);
      }
    } else if (event.key === "Tab" && active >= 0) {
      event.preventDefault();
      take(active);
    }
  };
  const track = () => setCursor(input.current?.selectionStart ?? text.length);

  return (
    <div className={css.filter}>
      <div
        className={css.filterBox}
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}
      >
        <Icon name="search" />
        <input
          ref={input}
          className={`field ${css.query}`}
          type="text"
          role="combobox"
          aria-label="Filter runs"
          aria-autocomplete="list"
          aria-expanded={items.length > 0}
          aria-controls={listId}
          aria-activedescendant={active >= 0 ? `${listId}-${active}` : undefined}
          aria-invalid={error !== null && items.length === 0}
          aria-describedby={error && items.length === 0 ? errorId : undefined}
          placeholder='Filter, for example: val/accuracy > 0.9 and state == "finished"'
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setCursor(event.target.selectionStart ?? event.target.value.length);
            setOpen(true);
          }}
          onKeyDown={onKeyDown}
          onKeyUp={track}
          onClick={() => {
            track();
            setOpen(true);
          }}
        />
        {text && (
          <button
            type="button"
            className={`button plain ${css.clear}`}
            aria-label="Clear the filter"
            title="Clear the filter"
            onClick={() => {
              setText("");
              apply("");
              input.current?.focus();
            }}
          >
            <Icon name="close" />
          </button>
        )}
        <ul id={listId} role="listbox" aria-label="Completions" className={css.completions} hidden={items.length === 0}>
          {items.map((item, i) => (
            <li
              key={`${item.kind} ${item.text}`}
              id={`${listId}-${i}`}
              role="option"
              aria-selected={i === active}
              onPointerDown={(event) => {
                event.preventDefault();
                take(i);
              }}
            >
              <code>{item.text}</code>
              <span>{item.detail ?? item.kind}</span>
            </li>
          ))}
        </ul>
      </div>
      {error && items.length === 0 && (
        <div className={css.filterError} id={errorId} role="alert">
          {error.position !== null && <Pointer text={value} position={error.position} />}
          <p>
            {error.message}
            {error.hint && <span className="muted"> {error.hint}</span>}
          </p>
          {error.suggestions.length > 0 && (
            <p className={css.suggestions}>
              Did you mean{" "}
              {error.suggestions.map((suggestion) => (
                <button
                  key={suggestion}
                  type="button"
                  className="button"
                  onClick={() => {
                    const next = error.position === null ? suggestion : replaceWord(value, error.position, suggestion);
                    setText(next);
                    apply(next);
                  }}
                >
                  <code>{suggestion}</code>
                </button>
              ))}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/** The filter with a mark under the place that was not understood. */
function Pointer({ text, position }: { text: string; position: number }) {
  const points = [...text];
  const length = Math.max(1, [...wordAt(text, position)].length);
  return (
    <pre className={css.pointer} aria-label={`Character ${position + 1}`}>
      {points.slice(0, position).join("")}
      <mark>{points.slice(position, position + length).join("") || " "}</mark>
      {points.slice(position + length).join("")}
    </pre>
  );
}

function useCompletions(project: string, text: string, cursor: number, open: boolean): Completions | null {
  const asked = useDebounced(`${cursor} ${text}`, COMPLETE_MS);
  const [, at = "0", q = ""] = /^(\d+) (.*)$/s.exec(asked) ?? [];
  const { data } = useQuery({
    queryKey: ["complete", project, q, Number(at)],
    queryFn: ({ signal }) =>
      getJson<Completions>("/complete", { project, q, position: pointIndex(q, Number(at)) }, signal),
    enabled: open,
    staleTime: 10_000,
    refetchInterval: false,
  });
  // An answer about an earlier text would put its completion in the wrong place.
  return q === text && Number(at) === cursor ? (data ?? null) : null;
}
