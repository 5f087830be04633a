/** Decoder of the binary frame of docs/api.md. The columns are views into the answer's own bytes: nothing is copied. */

import { ApiError } from "./client";

export interface Series {
  run: string;
  metric: string;
  /** True when these are the logged points themselves; then `low` and `high` are `y`, and every `count` is 1. */
  exact: boolean;
  /** Points in the asked range, of which `x.length` buckets or points are here. */
  total: number;
  nonfinite: number;
  x: Float64Array;
  y: Float64Array;
  low: Float64Array;
  high: Float64Array;
  count: Uint32Array | null;
}

export interface SeriesFrame {
  revision: number;
  series: Series[];
}

interface HeaderSeries {
  run: string;
  metric: string;
  exact: boolean;
  total: number;
  points: number;
  nonfinite: number;
  columns: { x: number; y: number; low?: number; high?: number; count?: number };
}

const MAGIC = 0x464b5254; // "TRKF", read as a little-endian number
const PREAMBLE = 16;

function broken(what: string): ApiError {
  return new ApiError(
    0,
    "internal",
    `The server's curve data can't be read: ${what}.`,
    "Reload the page; it may be older than the server.",
  );
}

export function decodeFrame(buffer: ArrayBuffer): SeriesFrame {
  if (buffer.byteLength < PREAMBLE) throw broken(`only ${buffer.byteLength} bytes came`);
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw broken("it is not a frame");
  const version = view.getUint16(4, true);
  if (version !== 1) throw broken(`its version is ${version}, this page knows version 1`);
  const body = PREAMBLE + view.getUint32(8, true);
  if (body > buffer.byteLength) throw broken("its header is cut off");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, PREAMBLE, body - PREAMBLE))) as {
    revision: number;
    series: HeaderSeries[];
  };
  const floats = (offset: number, length: number) => {
    if (body + offset + length * 8 > buffer.byteLength) throw broken("a column is cut off");
    return new Float64Array(buffer, body + offset, length);
  };
  const series = header.series.map(({ columns, points, ...rest }): Series => {
    const y = floats(columns.y, points);
    return {
      ...rest,
      x: floats(columns.x, points),
      y,
      low: columns.low === undefined ? y : floats(columns.low, points),
      high: columns.high === undefined ? y : floats(columns.high, points),
      count: columns.count === undefined ? null : new Uint32Array(buffer, body + columns.count, points),
    };
  });
  return { revision: header.revision, series };
}
