/**
 * Hands messages to runtime modules, one at a time and in order: a module that sends while it handles a message is never
 * entered again from inside. A module that throws loses that one message.
 * @module
 */
import {
  errorText,
  type KernelMessage,
  type RuntimeModule,
  type SendErrorKind,
} from "@kinode-ts/types";
import { Ring } from "./ring.ts";

interface Turn {
  readonly module: RuntimeModule;
  readonly message: KernelMessage;
  readonly failure: SendErrorKind | undefined;
}

export class ModuleQueue {
  readonly #waiting = new Ring<Turn>();
  readonly #onError: (text: string) => void;
  readonly #onMicrotask = () => this.#drain();
  #busy = false;

  constructor(onError: (text: string) => void) {
    this.#onError = onError;
  }

  /** @param later - not before the current call has returned: the sender may be a module that waits for its id */
  deliver(module: RuntimeModule, message: KernelMessage, later: boolean): void {
    this.#waiting.push({ module, message, failure: undefined });
    if (later) queueMicrotask(this.#onMicrotask);
    else this.#drain();
  }

  fail(module: RuntimeModule, message: KernelMessage, failure: SendErrorKind): void {
    this.#waiting.push({ module, message, failure });
    queueMicrotask(this.#onMicrotask);
  }

  #drain(): void {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#run(next);
    }
    this.#busy = false;
  }

  #run({ module, message, failure }: Turn): void {
    try {
      if (failure === undefined) module.handle(message);
      else module.sendError?.(message, failure);
    } catch (thrown) {
      this.#onError(`${module.id} failed on a message: ${errorText(thrown)}`);
    }
  }
}
