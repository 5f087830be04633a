/** Edits of a filter's text. Positions count characters as the server does: by code point, not by JavaScript's units. */

const WORD = /^[\p{L}\p{N}_./:@%-]+|^`[^`]*`?|^"[^"]*"?|^'[^']*'?/u;

/** JavaScript's index of the server's position. */
export function unitIndex(text: string, position: number): number {
  return [...text].slice(0, position).join("").length;
}

/** The server's position of JavaScript's index. */
export function pointIndex(text: string, unit: number): number {
  return [...text.slice(0, unit)].length;
}

/** The word that begins at a position: what an error is about. */
export function wordAt(text: string, position: number): string {
  return WORD.exec(text.slice(unitIndex(text, position)))?.[0] ?? "";
}

/** Puts a suggestion in the place of the word that an error is about. */
export function replaceWord(text: string, position: number, suggestion: string): string {
  const start = unitIndex(text, position);
  return text.slice(0, start) + suggestion + text.slice(start + wordAt(text, position).length);
}

/** Puts a completion in its place; answers the new text and where the cursor goes. */
export function applyCompletion(
  text: string,
  start: number,
  end: number,
  completion: string,
): { text: string; cursor: number } {
  const from = unitIndex(text, start);
  const rest = text.slice(unitIndex(text, end));
  const gap = rest === "" ? " " : "";
  return { text: text.slice(0, from) + completion + gap + rest, cursor: from + completion.length + gap.length };
}

/** A filter for the runs whose field is exactly this text. */
export function filterBy(field: "group" | "experiment", value: string): string {
  // The language knows no other escapes than these; any other character stands for itself.
  const escapes: Record<string, string> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r" };
  return `${field} == "${value.replace(/[\\"\n\t\r]/g, (character) => escapes[character]!)}"`;
}
