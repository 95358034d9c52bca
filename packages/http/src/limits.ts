/**
 * Every limit of the HTTP server against browsers, the network and the apps behind it.
 * Source: spec/runtime-modules.md §1.6 and §6.11.
 * @module
 */
import type { BodyStreamLimits } from "./body-streams/index.ts";

export interface HttpLimits {
  /** How long an app may take to answer; then 408 (§6.3). */
  readonly answerTimeoutMs: number;
  /** After so long without traffic a connection ends; longer than an app may take to answer. At most 255. */
  readonly idleTimeoutSeconds: number;
  /** Requests waiting for answers at one time; more get 503. Bounds memory when apps stall. */
  readonly maxPendingCount: number;
  /** Of those, requests of one address or IPv6 /64, other than this machine: one client must not take all places. */
  readonly maxPendingPerNetwork: number;
  /** Body of a request in bytes; more gets 413. */
  readonly maxBodyBytes: number;
  /** The same for bodies that an app reads in parts: nothing keeps them, so this only bounds a time. */
  readonly maxStreamedBodyBytes: number;
  /**
   * Bytes of whole bodies that are still arriving, together; who needs more gets 503. Half of it is for networks that have
   * no more than a quarter.
   */
  readonly maxArrivingBytes: number;
  /** Declared body of `POST /login` in bytes. */
  readonly maxLoginBodyBytes: number;
  /** Bound paths of one process, in each of the two tables. */
  readonly maxRoutesPerProcess: number;
  /** Bound paths of one process with `:` or `*` segments: these are compared one by one. */
  readonly maxPatternsPerProcess: number;
  /** `:` and `*` segments of one path. With the path length it bounds the work of one comparison. */
  readonly maxDynamicSegmentCount: number;
  /** Characters of a bound path. */
  readonly maxRoutePathLength: number;
  /** Characters of a requested path that are compared with patterns; longer ones match literally only. */
  readonly maxMatchedPathLength: number;
  /** Bytes of static content one process may have bound. */
  readonly maxStaticBytesPerProcess: number;
  /** Open web sockets (§1.6). Half of them for strangers that have no more than a quarter. */
  readonly maxSocketCount: number;
  /** Incoming web socket message in bytes; more closes the socket. */
  readonly maxSocketMessageBytes: number;
  /** Bytes waiting to be sent to one web socket; a client that does not read loses its channel. */
  readonly maxSocketBufferedBytes: number;
  /** The same for all of them together; those for whom most waits lose their channels. */
  readonly maxSocketsBufferedBytes: number;
  /** Bounds of bodies in parts; what is left out has its default. */
  readonly bodyStreams: Partial<BodyStreamLimits>;
  /** Password attempts at once from one peer, and how long one attempt takes to come back. */
  readonly loginBurstCount: number;
  readonly loginRefillMs: number;
  /** Life of a login token: 26 weeks (§1.6). */
  readonly tokenLifeMs: number;
  /** Life of a one-time login link. */
  readonly loginLinkLifeMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  answerTimeoutMs: 15_000,
  idleTimeoutSeconds: 60,
  maxPendingCount: 16_384,
  maxPendingPerNetwork: 1_024,
  maxBodyBytes: 256 * 1024 * 1024,
  maxStreamedBodyBytes: 1024 * 1024 * 1024 * 1024,
  maxArrivingBytes: 512 * 1024 * 1024,
  maxLoginBodyBytes: 16_384,
  maxRoutesPerProcess: 16_384,
  maxPatternsPerProcess: 256,
  maxDynamicSegmentCount: 16,
  maxRoutePathLength: 1_024,
  maxMatchedPathLength: 4_096,
  maxStaticBytesPerProcess: 256 * 1024 * 1024,
  maxSocketCount: 128,
  maxSocketMessageBytes: 64 * 1024 * 1024,
  maxSocketBufferedBytes: 16 * 1024 * 1024,
  maxSocketsBufferedBytes: 256 * 1024 * 1024,
  bodyStreams: {},
  loginBurstCount: 10,
  loginRefillMs: 6_000,
  tokenLifeMs: 26 * 7 * 24 * 3_600_000,
  loginLinkLifeMs: 15 * 60_000,
};

/** Of the machine's memory, for messages that clients of web sockets have begun and not ended. */
const SOCKET_MEMORY_SHARE = 1 / 2;

/**
 * What a small machine has to bound more tightly than §1.6 does: the host keeps each web socket's message until it is whole, so
 * as many as may be open could fill the memory. From 16 GiB on it is the 64 MiB of §1.6.
 * @param machineBytes - memory that the program may use
 */
export function limitsForMemory(machineBytes: number): Pick<HttpLimits, "maxSocketMessageBytes"> {
  const { maxSocketCount, maxSocketMessageBytes } = DEFAULT_HTTP_LIMITS;
  const share = Math.floor((machineBytes * SOCKET_MEMORY_SHARE) / maxSocketCount);
  return { maxSocketMessageBytes: Math.min(maxSocketMessageBytes, share) };
}
