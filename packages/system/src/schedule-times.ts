/**
 * When a schedule is due: cron patterns, fixed steps and single moments, computed from given times alone.
 * @module
 */
import { Cron } from "croner";

/** What a schedule follows. Times are milliseconds since 1970, steps milliseconds. */
export type Rule =
  | { readonly cron: string; readonly timeZone: string }
  | { readonly every: number }
  | { readonly at: number };

/** Due times up to some moment. */
export interface DueTimes {
  /** How many, at most `MAX_COUNTED`. */
  readonly count: number;
  /** The latest of them. */
  readonly lastMs: number;
}

export interface Times {
  /** The first due time after a moment; `undefined`: none any more. */
  next(afterMs: number): number | undefined;
  /** Due times after one moment up to and with another. */
  between(afterMs: number, untilMs: number): DueTimes | undefined;
}

export type RuleFault = "bad-cron" | "bad-time-zone";

/** A pattern or a time zone that cannot be used. The message says why. */
export class RuleError extends Error {
  override name = "RuleError";
  readonly fault: RuleFault;
  constructor(fault: RuleFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Times that were missed are counted up to here: each costs as much as finding a time. */
export const MAX_COUNTED = 100;
const MAX_PATTERN_LENGTH = 200;
/** Names such as `@daily`, or five or six fields. Neither the ISO dates nor the `+` of the library: such searches can be long. */
const PATTERN = /^(?:@[a-z]+|[0-9A-Za-z*/,#?-]+(?: +[0-9A-Za-z*/,#?-]+){4,5})$/;

/**
 * @param startMs - where the steps of `every` begin
 * @throws {RuleError} the pattern or the time zone cannot be used
 */
export function timesOf(rule: Rule, startMs: number): Times {
  if ("cron" in rule) return new CronTimes(rule.cron, rule.timeZone);
  return "every" in rule ? new StepTimes(startMs, rule.every) : new SingleTime(rule.at);
}

class CronTimes implements Times {
  readonly #cron: Cron;

  constructor(pattern: string, timeZone: string) {
    const text = pattern.trim();
    if (text.length > MAX_PATTERN_LENGTH || !PATTERN.test(text)) {
      const form = `five fields, or six with seconds first, of at most ${MAX_PATTERN_LENGTH} characters`;
      throw new RuleError("bad-cron", `expected ${form}, like "0 3 * * *"`);
    }
    checkTimeZone(timeZone);
    try {
      this.#cron = new Cron(text, { paused: true, timezone: timeZone });
    } catch (thrown) {
      throw new RuleError("bad-cron", String((thrown as Error).message));
    }
  }

  next(afterMs: number): number | undefined {
    return this.#cron.nextRun(new Date(afterMs))?.getTime();
  }

  between(afterMs: number, untilMs: number): DueTimes | undefined {
    let count = 0;
    let lastMs = afterMs;
    for (let due = this.next(afterMs); due !== undefined && due <= untilMs; due = this.next(due)) {
      lastMs = due;
      if (++count === MAX_COUNTED) {
        // The reference itself is not among the previous ones.
        const [latest] = this.#cron.previousRuns(1, new Date(untilMs + 1));
        lastMs = Math.max(lastMs, latest?.getTime() ?? 0);
        break;
      }
    }
    return count === 0 ? undefined : { count, lastMs };
  }
}

/** @throws {RuleError} */
function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    const text = JSON.stringify(timeZone.slice(0, 50));
    throw new RuleError(
      "bad-time-zone",
      `${text} is no time zone; expected one like "Europe/Berlin"`,
    );
  }
}

class StepTimes implements Times {
  readonly #startMs: number;
  readonly #stepMs: number;

  constructor(startMs: number, stepMs: number) {
    this.#startMs = startMs;
    this.#stepMs = stepMs;
  }

  next(afterMs: number): number {
    return this.#startMs + (this.#stepsUntil(afterMs) + 1) * this.#stepMs;
  }

  between(afterMs: number, untilMs: number): DueTimes | undefined {
    const steps = this.#stepsUntil(untilMs);
    const count = Math.min(MAX_COUNTED, steps - this.#stepsUntil(afterMs));
    return count <= 0 ? undefined : { count, lastMs: this.#startMs + steps * this.#stepMs };
  }

  #stepsUntil(timeMs: number): number {
    return Math.floor((timeMs - this.#startMs) / this.#stepMs);
  }
}

class SingleTime implements Times {
  readonly #atMs: number;

  constructor(atMs: number) {
    this.#atMs = atMs;
  }

  next(afterMs: number): number | undefined {
    return afterMs < this.#atMs ? this.#atMs : undefined;
  }

  between(afterMs: number, untilMs: number): DueTimes | undefined {
    const isDue = afterMs < this.#atMs && this.#atMs <= untilMs;
    return isDue ? { count: 1, lastMs: this.#atMs } : undefined;
  }
}
