/**
 * Two node programs on this machine that know each other.
 * @module
 */
import type { Neighbour, Order } from "./node-program.ts";
import { join } from "node:path";

export interface NodeChild extends AsyncDisposable {
  readonly self: Neighbour;
  /** Port of the plain TCP server. */
  readonly plainPort: number;
  order<T>(order: Order): Promise<T>;
  kill(): Promise<void>;
}

interface Said {
  readonly ready?: Neighbour;
  readonly plain?: number;
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: string;
}

export async function startChild(name: string): Promise<NodeChild> {
  const ready = Promise.withResolvers<Said>();
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let ids = 0;
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "node-program.ts"), name], {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    env: { ...process.env, BUN_JSC_useWasmFastMemory: "0" },
    ipc(message: Said) {
      if (message.ready !== undefined) ready.resolve(message);
      const answer = waiting.get(message.id ?? -1);
      if (answer === undefined) return;
      waiting.delete(message.id!);
      if (message.error === undefined) answer.resolve(message.value);
      else answer.reject(new Error(`${name}: ${message.error}`));
    },
    onExit: () => ready.reject(new Error(`${name} ended`)),
  });
  const { ready: self, plain } = await ready.promise;
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return {
    self: self!,
    plainPort: plain!,
    kill,
    order<T>(order: Order): Promise<T> {
      const id = ids++;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      child.send({ id, order });
      return answer.promise as Promise<T>;
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** Starts two nodes; both are dialled and answer. */
export async function startPair(): Promise<{
  readonly a: NodeChild;
  readonly b: NodeChild;
  stop(): Promise<void>;
}> {
  const [a, b] = await Promise.all([startChild("a.os"), startChild("b.os")]);
  await a.order({ kind: "know", nodes: [b.self] });
  await b.order({ kind: "know", nodes: [a.self] });
  return {
    a,
    b,
    async stop() {
      await Promise.all([a.kill(), b.kill()]);
    },
  };
}
