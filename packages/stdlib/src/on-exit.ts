/**
 * What happens when this process ends.
 * Source: spec/kernel.md §3.11.3, spec/packages-and-tools.md §25.2.
 * @module
 */
import type { GuestOnExit, GuestRequest } from "@kinode-ts/types";
import type { Target } from "./address.ts";
import { targetText } from "./address.ts";
import type { BlobLike } from "./blob.ts";
import { toBlob } from "./blob.ts";
import type { Body } from "./body.ts";
import { encodeBody } from "./body.ts";
import { host } from "./current.ts";
import { BuildError } from "./errors.ts";

/** A request the kernel sends for us after our end; no response is expected. */
export interface ExitRequest {
  readonly target: Target;
  readonly body: Body;
  readonly metadata?: string | undefined;
  readonly blob?: BlobLike | undefined;
}

/** Nothing, start again, or send these requests. */
export type OnExit = "none" | "restart" | readonly ExitRequest[];

/** @throws {BuildError} a request without target or body */
export function toGuestOnExit(onExit: OnExit): GuestOnExit {
  if (onExit === "none" || onExit === "restart") return { kind: onExit };
  return { kind: "requests", requests: onExit.map(toGuestRequest) };
}

function toGuestRequest(request: ExitRequest): GuestRequest {
  if (request.target === undefined) throw new BuildError({ code: "NoTarget" });
  if (request.body === undefined) throw new BuildError({ code: "NoBody" });
  return {
    target: targetText(request.target),
    body: encodeBody(request.body),
    metadata: request.metadata,
    blob: request.blob === undefined ? undefined : toBlob(request.blob),
  };
}

function fromGuestOnExit(onExit: GuestOnExit): OnExit {
  if (onExit.kind !== "requests") return onExit.kind;
  return onExit.requests.map(({ target, body, metadata, blob }) => ({
    target,
    body,
    metadata,
    blob,
  }));
}

/** Reads and sets what happens when this process ends. Source: spec/packages-and-tools.md §25.1. */
export const onExit = {
  get: (): OnExit => fromGuestOnExit(host().getOnExit()),
  /** @throws {BuildError} a request without target or body */
  set: (value: OnExit): void => host().setOnExit(toGuestOnExit(value)),
} as const;
