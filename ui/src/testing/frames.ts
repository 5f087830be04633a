import type { Series } from "../api/frame";

/** A line of points; NaN in `y` is a point without a number. */
export function makeLine(run: string, x: number[], y: number[], metric = "loss"): Series {
  const values = Float64Array.from(y);
  return {
    run,
    metric,
    exact: true,
    total: x.length,
    nonfinite: y.filter((value) => !Number.isFinite(value)).length,
    x: Float64Array.from(x),
    y: values,
    low: values,
    high: values,
    count: null,
  };
}

/** A frame as the server writes it: see docs/api.md. */
export function encodeFrame(series: Series[]): ArrayBuffer {
  const columns: { bytes: Uint8Array; at: number }[] = [];
  let size = 0;
  const add = (values: Float64Array | Uint32Array) => {
    const at = size;
    columns.push({ bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at });
    size += Math.ceil(values.byteLength / 8) * 8;
    return at;
  };
  const described = series.map(({ x, y, low, high, count, ...rest }) => ({
    ...rest,
    points: x.length,
    columns: rest.exact
      ? { x: add(x), y: add(y) }
      : { x: add(x), y: add(y), low: add(low), high: add(high), count: add(count!) },
  }));
  const json = new TextEncoder().encode(JSON.stringify({ revision: 7, series: described }));
  const length = Math.ceil(json.length / 8) * 8;
  const buffer = new ArrayBuffer(16 + length + size);
  const bytes = new Uint8Array(buffer);
  bytes.fill(32, 16, 16 + length);
  bytes.set(new TextEncoder().encode("TRKF"));
  new DataView(buffer).setUint16(4, 1, true);
  new DataView(buffer).setUint32(8, length, true);
  bytes.set(json, 16);
  for (const column of columns) bytes.set(column.bytes, 16 + length + column.at);
  return buffer;
}
