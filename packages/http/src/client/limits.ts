/**
 * Every limit of the HTTP client against the apps that use it and the servers they ask.
 * Source: spec/runtime-modules.md §1.6 and §7.4.
 * @module
 */

export interface HttpClientLimits {
  /** How long a request may take that expects no response, or one much later; opening a web socket too. */
  readonly defaultTimeoutMs: number;
  /** The longest a request may take, whatever it expects. */
  readonly maxTimeoutMs: number;
  /** Redirects that are followed (§7.1). */
  readonly maxRedirectCount: number;
  /** Body of a response in bytes; more fails the request. Bounds memory. */
  readonly maxResponseBytes: number;
  /**
   * Bytes of whole responses that are still arriving, together; who needs more fails. Half of it is for processes that
   * have no more than a quarter.
   */
  readonly maxArrivingBytes: number;
  /** How long the head of a response may be kept back to give a short body with it (`whole_up_to`). */
  readonly headStartMs: number;
  /** Requests one process may have on their way. Bounds sockets. */
  readonly maxRequestsPerProcess: number;
  /** Requests all processes may have on their way. */
  readonly maxRequests: number;
  /** From this many on places are scarce, and a process may have only a few. */
  readonly scarceFrom: number;
  /** Requests one process may have on their way where places are scarce. */
  readonly maxRequestsWhenScarce: number;
  /** Web sockets one process may have open or opening. */
  readonly maxChannelsPerProcess: number;
  /** Web sockets all processes may have open or opening. */
  readonly maxChannels: number;
  /** Bytes waiting to be sent to one server; a server that does not read loses its channel. */
  readonly maxSocketBufferedBytes: number;
  /** One message of a web socket in bytes; a longer one ends the connection. They share `maxArrivingBytes`, too. */
  readonly maxSocketMessageBytes: number;
}

export const DEFAULT_HTTP_CLIENT_LIMITS: HttpClientLimits = {
  defaultTimeoutMs: 60_000,
  maxTimeoutMs: 3_600_000,
  maxRedirectCount: 10,
  maxResponseBytes: 256 * 1024 * 1024,
  maxArrivingBytes: 512 * 1024 * 1024,
  headStartMs: 20,
  maxRequestsPerProcess: 256,
  maxRequests: 2_048,
  scarceFrom: 1_024,
  maxRequestsWhenScarce: 16,
  maxChannelsPerProcess: 128,
  maxChannels: 1_024,
  maxSocketBufferedBytes: 16 * 1024 * 1024,
  maxSocketMessageBytes: 64 * 1024 * 1024,
};
