/**
 * Processes without a program, moved by the fuzzer through the kernel's own host: what they send is checked like any process's,
 * and what they receive is what a process would.
 * @module
 */
import type {
  Delivery,
  Executor,
  LazyLoadBlob,
  ProcessHost,
  ProcessId,
  Request,
  RunningProcess,
} from "@kinode-ts/types";

/** What became of a request. */
export interface Outcome {
  readonly kind: "answer" | "offline" | "timeout";
  readonly body: Uint8Array;
  readonly blob: LazyLoadBlob | undefined;
}

export class Puppet {
  readonly #host: ProcessHost;
  readonly #onOutcome: (token: number, outcome: Outcome) => void;

  constructor(host: ProcessHost, onOutcome: (token: number, outcome: Outcome) => void) {
    this.#host = host;
    this.#onOutcome = onOutcome;
    this.#listen();
  }

  /** Sends a request; its outcome comes with the token. */
  send(target: ProcessId, request: Request, token: number, blob: LazyLoadBlob | undefined): void {
    const context = new Uint8Array(new Uint32Array([token]).buffer);
    const address = { node: this.#host.our.node, process: target };
    void this.#host.sendRequest(address, request, context, blob);
  }

  #listen(): void {
    if (this.#host.killed) return;
    for (let next = this.#host.poll(); next !== undefined; next = this.#host.poll())
      this.#take(next);
    this.#host.park(() => this.#listen());
  }

  #take(delivery: Delivery): void {
    const { context } = delivery;
    if (context === undefined) return;
    const token = new DataView(context.buffer, context.byteOffset).getUint32(0, true);
    if (delivery.kind === "send-error") {
      const { kind } = delivery.error;
      this.#onOutcome(token, { kind, body: new Uint8Array(0), blob: undefined });
    } else if (delivery.message.kind === "response") {
      const { body } = delivery.message;
      this.#onOutcome(token, { kind: "answer", body, blob: this.#host.getBlob() });
    }
  }
}

/** Runs files that end in `.puppet`. */
export class PuppetExecutor implements Executor {
  readonly puppets = new Map<ProcessId, Puppet>();
  readonly #onOutcome: (token: number, outcome: Outcome) => void;

  constructor(onOutcome: (token: number, outcome: Outcome) => void) {
    this.#onOutcome = onOutcome;
  }

  accepts({ handle }: { readonly handle: string }): boolean {
    return handle.endsWith(".puppet");
  }

  async prepare(): Promise<{ start: (host: ProcessHost) => RunningProcess }> {
    return { start: (host) => this.#start(host) };
  }

  #start(host: ProcessHost): RunningProcess {
    this.puppets.set(host.our.process, new Puppet(host, this.#onOutcome));
    const { promise, resolve } = Promise.withResolvers<{ readonly kind: "killed" }>();
    return {
      ended: promise,
      kill: () => resolve({ kind: "killed" }),
      usage: () => ({ memoryBytes: 0, cpuMs: 0 }),
    };
  }
}
