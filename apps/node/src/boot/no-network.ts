/**
 * The network of a node that has none yet: other nodes are offline.
 * @module
 */
import type { NetworkPort } from "@kinode-ts/types";

export function createNoNetwork(): NetworkPort {
  let fail: Parameters<NetworkPort["connect"]>[0]["failed"] | undefined;
  return {
    connect(events) {
      fail = events.failed;
    },
    send(message) {
      // Not inside the sender's own call.
      queueMicrotask(() => fail?.(message, "offline"));
    },
  };
}
