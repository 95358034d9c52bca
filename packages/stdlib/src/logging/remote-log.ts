/**
 * A process elsewhere that is told every line. Source: spec/packages-and-tools.md §25.10.
 * @module
 */
import type { Target } from "../address.ts";
import { send } from "../send.ts";
import { encodeUtf8 } from "../utf8.ts";

/** Lines that wait while the kernel slows us down; further ones are lost. */
const MAX_WAITING = 1_024;

export class RemoteLog {
  readonly #target: Target;
  readonly #report: (error: unknown) => void;
  readonly #waiting: string[] = [];
  #sending: Promise<void> | undefined;

  constructor(target: Target, report: (error: unknown) => void) {
    this.#target = target;
    this.#report = report;
  }

  add(line: string): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(line);
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async flush(): Promise<void> {
    await this.#sending;
  }

  // No answer is expected: nobody knows whether there is one, as with every logger of the reference.
  async #sendAll(): Promise<void> {
    try {
      for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
        await send(this.#target, { Log: [...encodeUtf8(line)] });
      }
    } catch (thrown) {
      this.#waiting.length = 0;
      this.#report(thrown);
    }
  }
}
