import { useEffect } from "react";

/** The title of the browser's tab. */
export function useTitle(...parts: (string | null | undefined)[]): void {
  const title = [...parts.filter(Boolean), "Trackrecord"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
