/**
 * The sockets of a node that wants no network: none.
 * @module
 */
import type { Transport } from "@kinode-ts/net";

/** Other nodes are offline at once, and nothing is listened to. */
export function createNoTransport(): Transport {
  const refuse = (): Promise<never> =>
    Promise.reject(new Error("the network of this node is off (--no-network)"));
  return { dial: refuse, listen: refuse };
}
