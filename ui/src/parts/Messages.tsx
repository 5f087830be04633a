import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import css from "./parts.module.css";

/** Says that something is being fetched, without jumping in when it takes only a moment. */
export function Loading({ what }: { what: string }) {
  return (
    <p className={css.loading} role="status">
      Loading {what}
    </p>
  );
}

/** What went wrong, where, and what to do: the server's own words. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div className={css.failure} role="alert">
      <h2>
        {known?.code === "not_found"
          ? "Not found"
          : known?.code === "unreachable"
            ? "The server is away"
            : "This did not work"}
      </h2>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {known?.hint && <p className="muted">{known.hint}</p>}
      {known?.code === "unreachable" && <p className="muted">This page tries again every few seconds.</p>}
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A page or a part with nothing in it yet: what will be here, and how it gets here. `page`: nothing else is on the page. */
export function Empty({ title, page, children }: { title: string; page?: boolean; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}
