/**
 * Paths of the node itself, beside what processes bind: the control interface, its pages.
 * @module
 */
import type { Peer } from "./app-message.ts";

export interface HostRouteInfo {
  /** By the node's login cookie, or the local token. */
  readonly authenticated: boolean;
  /** From a program on this machine, with no proxy between. */
  readonly loopback: boolean;
  readonly peer: Peer | null;
  /** No `Origin`, or the one of this node: changes from elsewhere must be refused. */
  readonly sameOrigin: boolean;
  /** As the browser sees it: behind a trusted proxy, what that says. */
  readonly protocol: "http" | "https";
  /** The name the browser used, without port. */
  readonly host: string;
}

export interface HostRoute {
  /** Starts with `/~/`; a path belongs to the first route whose prefix it has. */
  readonly prefix: string;
  handle(request: Request, info: HostRouteInfo): Response | Promise<Response>;
}
