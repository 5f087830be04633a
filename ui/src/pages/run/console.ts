/** Console output as a terminal would show it: colours kept, progress bars that redraw themselves collapsed to their last state. */

import type { ConsoleLine } from "../../api/types";

export interface Span {
  text: string;
  /** Number of one of the 16 colours of a terminal. */
  colour: number | null;
  bold: boolean;
  dim: boolean;
}

export interface ShownLine {
  n: number;
  time: string;
  stream: string;
  spans: Span[];
  /** The text without colours, for searching. */
  text: string;
}

const ESCAPE = /\x1b\[([0-9;:?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]|\x1b/g;
const plain = { colour: null, bold: false, dim: false };

/** What is left of a line after its carriage returns: later text overwrites earlier text of the same place. */
export function collapseReturns(text: string): string {
  const body = text.replace(/\r?\n$/, "");
  if (!body.includes("\r")) return body;
  const parts = body.split("\r").filter((part) => part !== "");
  const last = parts.at(-1) ?? "";
  // A short last part leaves the tail of the one before; with colours in it, positions can't be told, so it stands alone.
  const before = parts.at(-2) ?? "";
  if (last.includes("\x1b") || before.includes("\x1b")) return last;
  return last + before.slice(last.length);
}

/** Splits a text into pieces of one look. Escapes that do not set colours are left out. */
export function parseAnsi(text: string): Span[] {
  const spans: Span[] = [];
  let look: Omit<Span, "text"> = plain;
  let from = 0;
  const push = (piece: string) => {
    if (piece) spans.push({ text: piece, ...look });
  };
  for (const match of text.matchAll(ESCAPE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") look = applyCodes(look, match[1] ?? "");
  }
  push(text.slice(from));
  return spans;
}

function applyCodes(look: Omit<Span, "text">, text: string): Omit<Span, "text"> {
  const codes = text === "" ? [0] : text.split(/[;:]/).map(Number);
  let next = { ...look };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === 0) next = { ...plain };
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code >= 30 && code <= 37) next.colour = code - 30;
    else if (code >= 90 && code <= 97) next.colour = code - 90 + 8;
    else if (code === 39) next.colour = null;
    else if (code === 38 || code === 48) {
      const size = codes[i + 1] === 5 ? 2 : 4;
      if (code === 38 && size === 2) next.colour = basic(codes[i + 2] ?? 7);
      i += size;
    }
  }
  return next;
}

/** The nearest of the 16 colours for one of 256: exact for the first 16, by its strongest part for the rest. */
function basic(colour: number): number | null {
  if (colour < 16) return colour;
  if (colour >= 232) return colour < 244 ? 8 : null;
  const cube = colour - 16;
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  const high = Math.max(...parts);
  if (high === 0) return 8;
  const bits = parts.reduce((sum, level, i) => sum + (level >= high * 0.6 ? 2 ** i : 0), 0);
  return bits === 7 ? null : bits;
}

export function showLine(line: ConsoleLine): ShownLine {
  const spans = parseAnsi(collapseReturns(line.text));
  return { n: line.n, time: line.time, stream: line.stream, spans, text: spans.map((span) => span.text).join("") };
}
