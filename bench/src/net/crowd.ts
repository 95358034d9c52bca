/**
 * Many nodes in one program, as far as connections go: to see what a node with many peers costs.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createBunTransport, KnownNodes, OUR_FEATURES, Peers } from "@kinode-ts/net";
import { clock, random } from "../bench-node.ts";
import type { Neighbour } from "./node-program.ts";

/** The key of member `index`: both programs can tell it. */
export function crowdSeed(index: number): Uint8Array {
  const seed = new Uint8Array(32).fill(9);
  new DataView(seed.buffer).setUint32(0, index);
  return seed;
}

export const crowdName = (index: number): string => `n${index}.os`;

/** Members that have called the node. They stay for as long as the program runs. */
const crowd: Peers[] = [];

/** Connects `count` members; settles when all are. @returns milliseconds it took */
export async function connectMany(node: Neighbour, count: number): Promise<number> {
  const startedMs = performance.now();
  const waves = 50;
  for (let index = 0; index < count; index += waves) {
    const wave = Array.from({ length: Math.min(waves, count - index) }, (_, at) => index + at);
    await Promise.all(wave.map((member) => connectOne(node, member)));
  }
  return performance.now() - startedMs;
}

async function connectOne({ name, key, port }: Neighbour, index: number): Promise<void> {
  const known = new KnownNodes();
  known.set({
    name,
    networkingKey: key,
    routing: { kind: "direct", ip: "127.0.0.1", ports: new Map([["tcp", port]]) },
  });
  const peers = new Peers({
    identity: {
      our: crowdName(index),
      signer: createNodeSigner(crowdSeed(index)),
      random,
      features: OUR_FEATURES,
    },
    known,
    transport: createBunTransport(),
    clock,
    events: { received: () => {}, failed: () => {}, say: () => {} },
  });
  if (!(await peers.reach(name, { proxyRequest: false }))) throw new Error("A member cannot call");
  crowd.push(peers);
}
