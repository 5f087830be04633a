/** A way between values and pixels. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  toPixel(value: number): number;
  fromPixel(pixel: number): number;
}

export function linearScale(low: number, high: number, from: number, to: number): Scale {
  const factor = (to - from) / (high - low || 1);
  return {
    low,
    high,
    toPixel: (value) => from + (value - low) * factor,
    fromPixel: (pixel) => low + (pixel - from) / factor,
  };
}

/** Base 10. Values of zero and less have no place on it: `toPixel` answers NaN. */
export function logScale(low: number, high: number, from: number, to: number): Scale {
  const logarithm = linearScale(Math.log10(low), Math.log10(high), from, to);
  return {
    low,
    high,
    toPixel: (value) => (value > 0 ? logarithm.toPixel(Math.log10(value)) : NaN),
    fromPixel: (pixel) => 10 ** logarithm.fromPixel(pixel),
  };
}
