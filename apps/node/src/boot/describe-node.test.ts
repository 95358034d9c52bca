import { expect, test } from "bun:test";
import { decodeNetAction, encodeNetResponse, type NodeRouting } from "@kinode-ts/codec/net";
import type { Kernel } from "@kinode-ts/kernel";
import { describeNode } from "./describe-node.ts";

/** A kernel whose network part answers this about the node. */
function kernelWith(routing: NodeRouting | undefined): Pick<Kernel, "ask"> {
  return {
    ask: async ({ target, body }) => {
      expect(decodeNetAction(body)).toEqual({ kind: "GetPeer", node: "a.os" });
      const peer = routing && { name: "a.os", networkingKey: "0xab", routing };
      const answer = { source: target, metadata: undefined, blob: undefined };
      return { ok: true, ...answer, body: encodeNetResponse({ kind: "Peer", peer }) };
    },
  };
}

test("release, how it is reached and its key are said, whatever of it is known", async () => {
  const direct = (ports: readonly (readonly [string, number])[]): NodeRouting => ({
    kind: "direct",
    ip: "192.0.2.7",
    ports: new Map(ports),
  });
  const silent: Pick<Kernel, "ask"> = { ask: async () => ({ ok: false, error: "timeout" }) };
  for (const [kernel, text] of [
    [
      kernelWith(
        direct([
          ["tcp", 1],
          ["ws", 2],
        ]),
      ),
      "Kinode 1.2.3; direct at 192.0.2.7 (tcp 1, ws 2); networking key 0xab",
    ],
    [kernelWith(direct([])), "Kinode 1.2.3; direct at 192.0.2.7; networking key 0xab"],
    [
      kernelWith({ kind: "routers", routers: ["r.os", "s.os"] }),
      "Kinode 1.2.3; indirect by r.os, s.os; networking key 0xab",
    ],
    [
      kernelWith({ kind: "routers", routers: [] }),
      "Kinode 1.2.3; indirect, without a router; networking key 0xab",
    ],
    [kernelWith(undefined), "Kinode 1.2.3"],
    [silent, "Kinode 1.2.3"],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one case after the other
    expect(await describeNode(kernel, "a.os", "1.2.3")).toBe(text);
});
