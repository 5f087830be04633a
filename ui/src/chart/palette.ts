/** Colours of runs: ten hues told apart with any colour vision, then the same hues with dashes. */

import type { Theme } from "../data/theme";

const HUES: Record<Theme, readonly string[]> = {
  light: ["#3566a3", "#ea3c61", "#5f2d17", "#86750a", "#029fc6", "#a11169", "#455e1b", "#322a93", "#936ff7", "#038f73"],
  dark: ["#2387f8", "#f1a2a9", "#cc520c", "#f0df8c", "#7dd1f0", "#a06e84", "#849c67", "#9ba5f3", "#7e6ac3", "#9ef2d8"],
};
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3]];
export const STYLES = 30;

/** How a run is drawn, everywhere on the page: number of a style, below `STYLES`. */
export function colourOf(style: number, theme: Theme): string {
  const hues = HUES[theme];
  return hues[style % hues.length]!;
}

export function dashOf(style: number): readonly number[] {
  return DASHES[Math.floor(style / 10) % DASHES.length]!;
}

/** The hue a run prefers: from the random end of its id, so it is the same on every page and every day. */
export function preferredStyle(run: string): number {
  let hash = 2166136261;
  for (let i = 0; i < run.length; i++) hash = Math.imul(hash ^ run.charCodeAt(i), 16777619);
  return (hash >>> 0) % 10;
}

/**
 * Styles for runs shown together: each keeps its preferred hue while that is free, else takes the next free one; dashes begin
 * after ten runs. Depends on the set only, not on its order.
 */
export function assignStyles(runs: readonly string[]): Map<string, number> {
  const styles = new Map<string, number>();
  const taken = new Set<number>();
  for (const run of [...new Set(runs)].sort()) {
    if (taken.size === STYLES) taken.clear();
    const preferred = preferredStyle(run);
    const round = Math.floor(taken.size / 10) * 10;
    let style = round + preferred;
    for (let i = 1; taken.has(style); i++) style = round + ((preferred + i) % 10);
    taken.add(style);
    styles.set(run, style);
  }
  return styles;
}
