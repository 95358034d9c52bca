/**
 * Requests of tools (command line, pages): outside any process, with the authority of the person who runs the node.
 * @module
 */
import type { KernelMessage, NodeId, SendErrorKind, SignedRequest, U64 } from "@kinode-ts/types";
import type { Kernel } from "./contract.ts";
import type { KernelCore } from "./core.ts";
import { kept } from "./kept-blob.ts";
import type { TimerNode } from "./timer-wheel.ts";

type Question = Parameters<Kernel["ask"]>[0];
type Outcome = Awaited<ReturnType<Kernel["ask"]>>;

class PendingAsk implements TimerNode {
  timerNext: TimerNode | undefined;
  timerPrevious: TimerNode | undefined;
  timerDeadlineMs = 0;
  readonly message: KernelMessage;
  readonly settle: (outcome: Outcome) => void;
  readonly #onTimeout: () => void;

  constructor(message: KernelMessage, settle: (outcome: Outcome) => void, onTimeout: () => void) {
    this.message = message;
    this.settle = settle;
    this.#onTimeout = onTimeout;
  }

  fire(): void {
    this.#onTimeout();
  }
}

export class Asks {
  readonly #core: KernelCore;
  readonly #pending = new Map<U64, PendingAsk>();

  constructor(core: KernelCore) {
    this.#core = core;
  }

  get count(): number {
    return this.#pending.size;
  }

  ask(question: Question): Promise<Outcome> {
    const core = this.#core;
    const source = core.router.addressOf(question.source);
    const { target } = question;
    const content: SignedRequest = {
      kind: "request",
      inherit: false,
      expectsResponse: question.timeoutSeconds,
      body: question.body,
      metadata: question.metadata,
      capabilities: [],
    };
    const message: KernelMessage = {
      id: core.freshId(),
      source,
      target: target.node === "our" ? core.router.addressOf(target.process) : target,
      rsvp: source,
      message: content,
      blob: question.blob,
    };
    return new Promise((resolve) => {
      const pending = new PendingAsk(message, resolve, () => this.takeFailure(message, "timeout"));
      this.#pending.set(message.id, pending);
      const waitMs = Math.min(Number(question.timeoutSeconds) * 1_000, Number.MAX_SAFE_INTEGER / 2);
      core.timers.set(pending, core.scheduler.nowMs() + waitMs);
      if (!core.router.fromTool(message)) this.takeFailure(message, "timeout");
    });
  }

  /** Whether the response was for a tool; then it goes no further. */
  takeResponse(message: KernelMessage): boolean {
    if (message.message.kind !== "response") return false;
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return false;
    const { source } = pending.message;
    if (message.target.process !== source.process) return false;
    this.#pending.delete(message.id);
    this.#core.timers.cancel(pending);
    this.#core.observer.note(message);
    const { body, metadata } = message.message;
    pending.settle({ ok: true, source: message.source, body, metadata, blob: kept(message.blob) });
    return true;
  }

  /** Those to a node that nobody has answered. */
  awaited(node: NodeId): KernelMessage[] {
    const messages = Array.from(this.#pending.values(), ({ message }) => message);
    return messages.filter(({ target }) => target.node === node);
  }

  takeFailure(message: KernelMessage, error: SendErrorKind): boolean {
    const pending = this.#pending.get(message.id);
    if (pending === undefined || pending.message.source.process !== message.source.process) {
      return false;
    }
    this.#pending.delete(message.id);
    this.#core.timers.cancel(pending);
    pending.settle({ ok: false, error });
    return true;
  }

  /** Answers everything that still waits, at the end of the node. */
  close(): void {
    for (const pending of [...this.#pending.values()]) this.takeFailure(pending.message, "timeout");
  }
}
