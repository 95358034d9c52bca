/**
 * What `net:distro:sys`, the indexer and their callers say to each other.
 * @module
 */
export type { KnsUpdate, NodeIdentity, NodeRouting, Ports } from "./identity-codec.ts";
export {
  decodeNetAction,
  decodeNetResponse,
  encodeNetAction,
  encodeNetResponse,
  type NetAction,
  type NetResponse,
} from "./net-codec.ts";
