/**
 * Answers: what a handler returns, or `respond` takes.
 * @module
 */
import type { GuestCapability } from "@kinode-ts/types";
import type { BlobLike } from "./blob.ts";
import type { Body } from "./body.ts";

/** What an answer carries besides its body. */
export interface AnswerOptions {
  readonly blob?: BlobLike | undefined;
  /** Forward the blob of the request without reading it; wins over `blob`. */
  readonly inherit?: boolean | undefined;
  readonly metadata?: string | undefined;
  readonly capabilities?: readonly GuestCapability[] | undefined;
}

/** A response with more than a body. Made by `reply(…)` or by the `Response` builder. */
export class Reply {
  readonly body: Body;
  readonly options: AnswerOptions;

  constructor(body: Body, options: AnswerOptions) {
    this.body = body;
    this.options = options;
  }
}

/** A body alone, or a `Reply`. `null` is the JSON value. */
export type Answer = Body | Reply | null;

/** A response with a blob, metadata or capabilities. */
export function reply(body: Body, options: AnswerOptions = {}): Reply {
  return new Reply(body, options);
}
