/** Requests to the API. Every failure becomes an `ApiError` that can be shown as it is. */

import { base } from "../app/base";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    readonly position: number | null = null,
    readonly suggestions: string[] = [],
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export type Query = Record<string, string | number | string[] | null | undefined>;

export function apiUrl(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) value.forEach((item) => params.append(name, item));
    else if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return `${base}/api/v1${path}${text ? `?${text}` : ""}`;
}

/** Percent-encodes one part of a path. */
export const part = encodeURIComponent;

export async function getJson<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await send(apiUrl(path, query), { headers: { Accept: "application/json" }, signal });
  return (await response.json()) as T;
}

export async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(
      0,
      "unreachable",
      "The Trackrecord server does not answer.",
      "Start it again with: trackrecord ui",
    );
  }
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: Partial<ApiError> & { message: string; code: string } };
    return new ApiError(
      response.status,
      error.code,
      error.message,
      error.hint ?? null,
      error.position ?? null,
      error.suggestions ?? [],
    );
  } catch {
    return new ApiError(
      response.status,
      "internal",
      `The server answered with status ${response.status}.`,
      "Its terminal says more.",
    );
  }
}

/** Worth asking again: the server is away or broken, as against a question it refused. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}
