/** Numbers of one column, written so that they can be read against each other. */

import { formatNumber } from "./numbers";

/** Decimals of a column of ordinary fractions, as in the terminal's tables. */
const DECIMALS = 4;

/** How the numbers of a column are written. */
export type NumberFormat = (value: number | string | null | undefined) => string;

const grouped = (digits: number) =>
  new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/**
 * The form that suits a whole column: equally many decimals where its magnitudes are alike, so that the points stand below
 * each other (0.9630, 0.9667, 1.0000). Whole numbers stay whole; magnitudes far apart keep their significant digits.
 */
export function numberFormat(values: Iterable<unknown>): NumberFormat {
  let least = Infinity;
  let greatest = 0;
  let whole = true;
  for (const value of values) {
    if (typeof value !== "number" || !Number.isFinite(value) || value === 0) continue;
    const size = Math.abs(value);
    least = Math.min(least, size);
    greatest = Math.max(greatest, size);
    whole &&= Number.isInteger(value);
  }
  if (whole || least < 5 * 10 ** -DECIMALS || greatest >= 1e6) return (value) => formatNumber(value);
  const wholeDigits = String(Math.trunc(greatest)).length;
  const fixed = grouped(Math.max(1, DECIMALS + 1 - wholeDigits));
  return (value) => (typeof value === "number" && Number.isFinite(value) ? fixed.format(value) : formatNumber(value));
}
