/**
 * Requests to the eth modules of other nodes. An answer counts only when it comes from the node that was asked.
 * Source: spec/network-identity.md §5.2 (5); W16.
 * @module
 */
import {
  type Address,
  type Clock,
  ETH_PROCESS,
  type KernelMessage,
  type ModuleContext,
  type NodeId,
  type TimerHandle,
  type U64,
} from "@kinode-ts/types";

export type NodeEnd =
  | { readonly kind: "answer"; readonly body: Uint8Array }
  | { readonly kind: "offline" }
  | { readonly kind: "timeout" };

export interface NodeAsk {
  readonly node: NodeId;
  readonly body: Uint8Array;
  readonly expectsSeconds: number;
  /** How long the answer is waited for. */
  readonly timeoutMs: number;
  /** Wanted; another is taken when it is in use for that node. */
  readonly id?: U64;
  readonly rsvp?: Address | undefined;
}

interface Open {
  readonly end: (end: NodeEnd) => void;
  readonly timer: TimerHandle;
}

export class NodeAsks {
  readonly #clock: Clock;
  readonly #context: ModuleContext;
  readonly #freshId: () => U64;
  readonly #open = new Map<string, Open>();

  constructor(clock: Clock, context: ModuleContext, freshId: () => U64) {
    this.#clock = clock;
    this.#context = context;
    this.#freshId = freshId;
  }

  /** Sends it and settles with what became of it. Never rejects. */
  ask(ask: NodeAsk): Promise<NodeEnd> {
    return new Promise((resolve) => this.send(ask, resolve));
  }

  /** The same with a callback. Returns what stops waiting without calling it. */
  send(ask: NodeAsk, onEnd: (end: NodeEnd) => void): () => void {
    const { node, body, expectsSeconds, timeoutMs, rsvp } = ask;
    let id = ask.id ?? this.#freshId();
    while (this.#open.has(keyOf(node, id))) id = this.#freshId();
    const key = keyOf(node, id);
    const forget = (): void => {
      this.#open.get(key)?.timer.cancel();
      this.#open.delete(key);
    };
    const end = (how: NodeEnd): void => {
      forget();
      onEnd(how);
    };
    const timer = this.#clock.after(timeoutMs, () => end({ kind: "timeout" }));
    this.#open.set(key, { end, timer });
    const target = { node, process: ETH_PROCESS };
    this.#context.send({ id, target, body, expectsResponse: expectsSeconds, rsvp });
    return forget;
  }

  /** Takes a response; false when nobody waits for it. */
  answered(message: KernelMessage): boolean {
    if (message.source.process !== ETH_PROCESS) return false;
    const open = this.#open.get(keyOf(message.source.node, message.id));
    open?.end({ kind: "answer", body: message.message.body });
    return open !== undefined;
  }

  /** A request of ours could not be delivered; false when nobody waits for its answer. */
  failed(message: KernelMessage): boolean {
    const open = this.#open.get(keyOf(message.target.node, message.id));
    open?.end({ kind: "offline" });
    return open !== undefined;
  }

  close(): void {
    for (const { timer } of this.#open.values()) timer.cancel();
    this.#open.clear();
  }
}

const keyOf = (node: NodeId, id: U64): string => `${id} ${node}`;
