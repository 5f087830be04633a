import { useCallback, useMemo, type AnchorHTMLAttributes, type MouseEvent } from "react";
import { navigate, usePathname, useSearch } from "wouter/use-browser-location";
import { base } from "./base";
import { parseRoute, writeParams, type Route } from "./urls";

export function useRoute(): Route {
  const pathname = usePathname();
  return useMemo(() => parseRoute(pathname, base), [pathname]);
}

/** Goes to an address made by `urls`. `replace` leaves no trace in the history: right for zooming and typing. */
export function go(to: string, options: { replace?: boolean } = {}): void {
  navigate(base + to, options);
  if (!options.replace) document.getElementById("main")?.scrollTo(0, 0);
}

/** An address that works everywhere a link works (new tab, copy), and changes the page without loading it again. */
export function Link({ to, onClick, ...rest }: { to: string } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href">) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    go(to);
  };
  return <a {...rest} href={base + to} onClick={follow} />;
}

export type ParamChanges = Record<string, string | null | undefined>;

/** The query parameters of the address and a function that changes some of them. */
export function useParams(): [URLSearchParams, (changes: ParamChanges, options?: { replace?: boolean }) => void] {
  const search = useSearch();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback((changes: ParamChanges, options: { replace?: boolean } = {}) => {
    const text = writeParams(new URLSearchParams(location.search), changes);
    const to = location.pathname + (text ? `?${text}` : "");
    if (to !== location.pathname + location.search) navigate(to, options);
  }, []);
  return [params, change];
}
