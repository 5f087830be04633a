/** The place in ascending `values` nearest to `wanted`, or -1 when there is none. */
export function nearestIndex(values: Float64Array, wanted: number): number {
  if (values.length === 0) return -1;
  const after = lowerBound(values, wanted);
  if (after === 0) return 0;
  if (after === values.length) return after - 1;
  return wanted - values[after - 1]! <= values[after]! - wanted ? after - 1 : after;
}

/** The first place in ascending `values` that is not below `wanted`; `values.length` when all are. */
export function lowerBound(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
