/**
 * Bodies in parts, for both directions of HTTP.
 * @module
 */
export { type BodyAction, isBodyActionName, isStreamId, readBodyAction } from "./actions.ts";
export { BodyStreams } from "./body-streams.ts";
export type { BodyStreamLimits } from "./limits.ts";
