/**
 * Bodies in parts, for both directions of HTTP.
 * @module
 */
export { type BodyAction, isBodyActionName, isStreamId, readBodyAction } from "./actions.ts";
export {
  BodyStreams,
  type BodyStreamsOptions,
  type ReadHooks,
  type WriteHooks,
} from "./body-streams.ts";
export { type BodyStreamLimits, DEFAULT_BODY_STREAM_LIMITS } from "./limits.ts";
