/**
 * What was asked for and what came back: nothing may be lost, done twice, or answered with something else.
 * @module
 */

/** Answer of a worker to one step. */
export interface Stepped {
  readonly step: number;
  /** Steps the worker has begun in all its lives. */
  readonly counter: number;
  readonly wrong: readonly string[];
  /** Responses that came to it though it waited for none. */
  readonly stray: number;
}

interface Account {
  sent: number;
  answered: number;
  counter: number;
  /** Counter of the last step in which it did an operation, by its name. */
  readonly last: Map<string, number>;
}

const KEPT_FAULTS = 20;

export class Ledger {
  readonly #tell: (text: string) => void;
  readonly #accounts = new Map<string, Account>();
  /** Steps and requests of each kind that were answered as they should. */
  readonly answered: Record<string, number> = {};
  /** Steps that failed because their process was ended on purpose. */
  explained = 0;
  /** Answers that took long; a machine that others keep busy makes them. */
  late = 0;
  faultCount = 0;
  /** The first of them, in words. */
  readonly faults: string[] = [];

  /** @param tell - is told the first faults at once */
  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  fault(text: string): void {
    this.faultCount++;
    if (this.faults.length >= KEPT_FAULTS) return;
    this.faults.push(text);
    this.#tell(text);
  }

  right(kind: string): void {
    this.answered[kind] = (this.answered[kind] ?? 0) + 1;
  }

  sent(process: string): void {
    this.#of(process).sent++;
  }

  /** Checks an answer against everything known of its process. */
  stepped(process: string, step: number, ops: readonly string[], answer: Stepped): void {
    const account = this.#of(process);
    const { sent, counter } = account;
    account.answered++;
    if (answer.step !== step) this.fault(`${process} answered step ${answer.step} for ${step}`);
    else if (answer.counter <= counter)
      this.fault(`${process} lost steps: ${answer.counter} after ${counter}`);
    else if (answer.counter > sent)
      this.fault(`${process} did ${answer.counter} steps, but was sent ${sent}`);
    else this.right("step");
    account.counter = answer.counter;
    for (const op of ops) account.last.set(op, answer.counter);
    for (const wrong of answer.wrong) this.fault(`${process} step ${step}: ${wrong}`);
    if (answer.stray > 0) this.fault(`${process} got ${answer.stray} answers too many`);
  }

  /** What a process counted when it last did an operation. */
  lastOf(process: string, op: string): number {
    return this.#accounts.get(process)?.last.get(op) ?? 0;
  }

  /** Every process that was never ended has done exactly the steps it was sent. */
  close(ended: ReadonlySet<string>): void {
    for (const [process, { sent, answered, counter }] of this.#accounts) {
      if (ended.has(process)) continue;
      if (answered !== sent) this.fault(`${process} answered ${answered} of ${sent} steps`);
      if (counter !== sent) this.fault(`${process} counts ${counter} steps, but was sent ${sent}`);
    }
  }

  #of(process: string): Account {
    let account = this.#accounts.get(process);
    if (account === undefined) {
      this.#accounts.set(
        process,
        (account = { sent: 0, answered: 0, counter: 0, last: new Map() }),
      );
    }
    return account;
  }
}
