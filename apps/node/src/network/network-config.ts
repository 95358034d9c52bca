/**
 * What a person says about the network of a node when it starts.
 * @module
 */

export interface NetworkConfig {
  /** False: no sockets at all. */
  readonly isOn: boolean;
  /** 0: do not listen; `undefined`: the first free one. */
  readonly wsPort: number | undefined;
  readonly tcpPort: number | undefined;
  /** `undefined`: as many as there are files for. */
  readonly maxPeers: number | undefined;
  /** Pairs of other nodes that this one joins; 0: it is no router. */
  readonly maxPassthroughs: number;
  /** False: as an indirect node it hides its address from direct ones, behind its routers. */
  readonly revealIp: boolean;
  /** Says on the local network that it is here, and lists who else says so. */
  readonly announceLan: boolean;
}
