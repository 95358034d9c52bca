/**
 * The last word about a connection. A process that has no room for it would wait for ever, so it is told again until there
 * is room, for a minute.
 * @module
 */
import type {
  Address,
  Clock,
  KernelMessage,
  ModuleContext,
  ProcessId,
  U64,
} from "@kinode-ts/types";

const AGAIN_MS = 1_000;
const MAX_TELLINGS = 60;

interface Notice {
  readonly target: Address;
  readonly body: Uint8Array;
  /** Of the message; `undefined`: a fresh one each time. */
  readonly id: U64 | undefined;
  /** Whether there was room for it, as far as is known. */
  isTold: boolean;
}

export class EndNotices {
  readonly #clock: Pick<Clock, "after">;
  readonly #send: ModuleContext["send"];
  /** Those of the last second. */
  readonly #notices = new Set<Notice>();

  constructor(clock: Pick<Clock, "after">, send: ModuleContext["send"]) {
    this.#clock = clock;
    this.#send = send;
  }

  tell(target: Address, body: Uint8Array, id?: U64): void {
    this.#tell({ target, body, id, isTold: true }, MAX_TELLINGS);
  }

  /** A message of the module found no room. @returns whether it was one of these */
  undelivered({ message: { body } }: KernelMessage): boolean {
    for (const notice of this.#notices) {
      if (notice.body !== body) continue;
      notice.isTold = false;
      return true;
    }
    return false;
  }

  /** There is nobody to tell any more. */
  dropProcess(process: ProcessId): void {
    for (const notice of this.#notices) {
      if (notice.target.process === process) this.#notices.delete(notice);
    }
  }

  dropAll(): void {
    this.#notices.clear();
  }

  #tell(notice: Notice, tellingsLeft: number): void {
    this.#notices.add(notice);
    notice.isTold = true;
    this.#clock.after(AGAIN_MS, () => {
      if (!this.#notices.delete(notice) || notice.isTold || tellingsLeft === 1) return;
      this.#tell(notice, tellingsLeft - 1);
    });
    const { target, body, id } = notice;
    this.#send({ target, body, blob: undefined, ...(id === undefined ? {} : { id }) });
  }
}
