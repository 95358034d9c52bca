/**
 * What a binding may say beyond the specification. All of it optional: absent means as ever.
 * Source: docs/modules/http-server.md.
 * @module
 */
import type { RateLimit, RateLimits } from "./rate-limiter.ts";
import type { FileBinding } from "./served-file.ts";

export interface BindOptions {
  /** The app reads bodies in parts. */
  readonly streamRequest: boolean;
  /** Static content answers HEAD, too. */
  readonly head: boolean;
  /** Bodies of requests; more is 413. `undefined`: the node's limit. */
  readonly maxBodyBytes: number | undefined;
  /** `undefined`: none. */
  readonly rate: RateLimits | undefined;
  /** Served for GET and HEAD without asking the app. */
  readonly file: FileBinding | undefined;
}

export const NO_BIND_OPTIONS: BindOptions = {
  streamRequest: false,
  head: false,
  maxBodyBytes: undefined,
  rate: undefined,
  file: undefined,
};

type Fields = Readonly<Record<string, unknown>>;

/** @returns `undefined` when one of them is malformed */
export function readBindOptions(fields: Fields): BindOptions | undefined {
  const { stream_request, head, max_body_bytes, rate_limit, file: served } = fields;
  if ((stream_request ?? head ?? max_body_bytes ?? rate_limit ?? served ?? null) === null) {
    return NO_BIND_OPTIONS;
  }
  const streamRequest = stream_request ?? false;
  const hasHead = head ?? false;
  const maxBodyBytes = max_body_bytes ?? undefined;
  const rate = readRate(rate_limit ?? undefined);
  if (typeof streamRequest !== "boolean" || typeof hasHead !== "boolean") return undefined;
  if (maxBodyBytes !== undefined && !isSize(maxBodyBytes)) return undefined;
  const file = readFile(served ?? undefined);
  if (rate === "malformed" || file === "malformed") return undefined;
  return { streamRequest, head: hasHead, maxBodyBytes, rate, file };
}

const MAX_PATH_LENGTH = 4_096;
const MIME = /^[\t\x20-\x7e]{1,256}$/;

function readFile(value: unknown): FileBinding | undefined | "malformed" {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "malformed";
  const { path, mime: given } = value as Fields;
  const mime = given ?? undefined;
  if (typeof path !== "string" || path.length > MAX_PATH_LENGTH) return "malformed";
  if (mime !== undefined && !(typeof mime === "string" && MIME.test(mime))) return "malformed";
  return { path, mime };
}

function readRate(value: unknown): RateLimits | undefined | "malformed" {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "malformed";
  const { per_address, total } = value as Fields;
  const perAddress = readLimit(per_address ?? undefined);
  const all = readLimit(total ?? undefined);
  if (perAddress === "malformed" || all === "malformed") return "malformed";
  if (perAddress === undefined && all === undefined) return "malformed";
  return { perAddress, total: all };
}

const MAX_REQUESTS = 1_000_000;
const MAX_SECONDS = 86_400;

function readLimit(value: unknown): RateLimit | undefined | "malformed" {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "malformed";
  const { requests, seconds } = value as Fields;
  const isGood = isSize(requests) && isSize(seconds) && requests > 0 && seconds > 0;
  if (!isGood || requests > MAX_REQUESTS || seconds > MAX_SECONDS) return "malformed";
  return { requests, seconds };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
