/** What a logged value consists of, from the answer itself or, where it was too large for that, from its file. */

import { ApiError, apiUrl, part, send } from "../../api/client";
import type { Json, MediaEntry } from "../../api/types";

export type MediaData = NonNullable<MediaEntry["data"]>;

/** Larger files are downloaded, not drawn. */
export const MOST_DATA_BYTES = 20_000_000;

const KINDS = new Set(["text", "table", "histogram"]);

/** True for texts, tables and histograms that were too large to come with the list of entries. */
export function isDataFile(entry: MediaEntry): boolean {
  return (
    entry.data === null &&
    entry.digest !== null &&
    entry.media_type === "application/json" &&
    KINDS.has(entry.kind) &&
    (entry.size ?? Infinity) <= MOST_DATA_BYTES
  );
}

export async function fetchMediaData(entry: MediaEntry, signal?: AbortSignal): Promise<MediaData> {
  const url = apiUrl(`/blobs/${part(entry.digest ?? "")}`, { type: "application/json" });
  const text = await (await send(url, { signal })).text();
  try {
    return plain(JSON.parse(text)) as MediaData;
  } catch {
    throw new ApiError(200, "internal", `The file of ${entry.key}, step ${entry.step}, is not readable as JSON.`);
  }
}

/** The numbers that JSON can't hold are objects in a file and strings in the API: afterwards they are strings everywhere. */
export function plain(value: Json): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const names = Object.keys(value);
  const special = names.length === 1 ? (value["$float"] ?? value["$int"]) : undefined;
  if (typeof special === "string") return special;
  return Object.fromEntries(names.map((name) => [name, plain(value[name]!)]));
}
