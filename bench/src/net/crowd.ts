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

/** Strangers that begin handshakes and go on with rubbish, one after the other. @returns how many there were */
export async function flood(port: number, lines: number, milliseconds: number): Promise<number> {
  const endMs = performance.now() + milliseconds;
  let count = 0;
  const stranger = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const ended = Promise.withResolvers<void>();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          data: (each) => void each.write(new Uint8Array(300)),
          close: () => ended.resolve(),
        },
      }).catch(() => undefined);
      if (socket === undefined) continue;
      count += 1;
      socket.write(Uint8Array.of(0, 32, ...random.bytes(32)));
      await ended.promise;
    }
  };
  await Promise.all(Array.from({ length: lines }, stranger));
  return count;
}
