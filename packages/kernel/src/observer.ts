/**
 * Event printing and step-through: what a person who debugs sees of every message.
 * Source: spec/kernel.md §3.9 step 3, §8.2, §8.4. Costs one flag per message while it is off.
 * @module
 */
import {
  KERNEL_PROCESS,
  type KernelMessage,
  type ProcessId,
  type SendErrorKind,
} from "@kinode-ts/types";
import { describeFailure, describeMessage } from "./event-text.ts";
import type { KernelDebug } from "./contract.ts";
import type { Lines } from "./lines.ts";
import { Ring } from "./ring.ts";

/** Messages held in step-through; what comes after that is lost, as in any full queue, with a line. */
const MAX_HELD_COUNT = 16_384;

interface Held {
  readonly message: KernelMessage;
  readonly dispatch: () => void;
}

type Watcher = Parameters<KernelDebug["watch"]>[0];

export class Observer implements KernelDebug {
  /** Whether messages take the slow way at all. */
  active = false;
  readonly #lines: Lines;
  readonly #our: string;
  readonly #held = new Ring<Held>();
  readonly #shown = new Set<ProcessId>();
  readonly #watchers = new Set<Watcher>();
  #printing = false;
  #stepping = false;

  constructor(our: string, lines: Lines) {
    this.#our = our;
    this.#lines = lines;
  }

  setEventPrinting(on: boolean): void {
    this.#printing = on;
    this.#update();
  }

  setEventPrintingFor(process: ProcessId, on: boolean): void {
    if (on) this.#shown.add(process);
    else this.#shown.delete(process);
    this.#update();
  }

  toggleStepThrough(): boolean {
    this.#stepping = !this.#stepping;
    this.#update();
    // The messages that were held go on in their order, those they cause behind them.
    while (!this.#stepping && this.#held.count > 0) this.#release();
    this.#update();
    return this.#stepping;
  }

  watch(watcher: Watcher): () => void {
    const own: Watcher = (message, failure) => watcher(message, failure);
    this.#watchers.add(own);
    this.#update();
    return () => {
      this.#watchers.delete(own);
      this.#update();
    };
  }

  step(): void {
    if (this.#stepping && this.#held.count > 0) this.#release();
  }

  /** Lets a checked message through: at once, or when its step comes. */
  pass(message: KernelMessage, dispatch: () => void): void {
    if (!this.active) {
      dispatch();
    } else if (!this.#stepping && this.#held.count === 0) {
      this.note(message);
      dispatch();
    } else if (this.#held.count < MAX_HELD_COUNT) {
      this.#held.push({ message, dispatch });
    } else {
      this.#lines.kernelBounded(
        0,
        () => `Step-through holds ${MAX_HELD_COUNT} messages; the rest is lost`,
      );
    }
  }

  /** Prints a message that goes through. */
  note(message: KernelMessage): void {
    if (!this.active) return;
    for (const watcher of this.#watchers) watcher(message, undefined);
    this.#print([message.source, message.target], () => describeMessage(message));
  }

  failure(message: KernelMessage, kind: SendErrorKind): void {
    if (!this.active) return;
    for (const watcher of this.#watchers) watcher(message, kind);
    this.#print([message.source], () => describeFailure(message, kind));
  }

  /** A message of this node that was refused or had nowhere to go; the reason is printed by whoever refused it. */
  undelivered(message: KernelMessage): void {
    for (const watcher of this.#watchers) watcher(message, "timeout");
  }

  /** One line for a change of capabilities. */
  capability(operation: string, holder: ProcessId, params: () => string): void {
    if (!this.active) return;
    this.#print(
      [{ node: this.#our, process: holder }],
      () => `${operation} ${holder}: ${params()}`,
    );
  }

  #print(involved: readonly { node: string; process: ProcessId }[], text: () => string): void {
    if (this.#printing) {
      this.#lines.events(KERNEL_PROCESS, text());
      return;
    }
    for (const { node, process } of involved) {
      if (node === this.#our && this.#shown.has(process)) {
        this.#lines.events(process, text());
        return;
      }
    }
  }

  #release(): void {
    const { message, dispatch } = this.#held.shift()!;
    this.note(message);
    dispatch();
  }

  #update(): void {
    const isWanted = this.#printing || this.#shown.size > 0 || this.#watchers.size > 0;
    this.active = isWanted || this.#stepping || this.#held.count > 0;
  }
}
