/**
 * `setTimeout`, `setInterval` and what ends them, as requests to `timer:distro:sys`.
 * Source: HTML Standard §8.6; spec/runtime-modules.md §5.
 * @module
 */
import type { GuestCarrier } from "@kinode-ts/types";

export interface GuestTimers {
  setTimeout(run: unknown, ms?: unknown, ...values: unknown[]): number;
  setInterval(run: unknown, ms?: unknown, ...values: unknown[]): number;
  clearTimeout(timer?: unknown): void;
  clearInterval(timer?: unknown): void;
}

export interface TimerPowers {
  readonly carry: GuestCarrier;
  /** Shows what a callback threw. */
  readonly report: (thrown: unknown) => void;
  /** A line for who looks for detail. */
  readonly debug: (text: string) => void;
}

const TIMER = "our@timer:distro:sys";
/** Longer waits are cut to this; about 24 days, what the web's functions take. */
const MAX_MS = 2 ** 31 - 1;

function delayOf(ms: unknown, least: number): number {
  const number = Math.trunc(Number(ms));
  return Number.isFinite(number) ? Math.min(Math.max(number, least), MAX_MS) : least;
}

function callbackOf(run: unknown, name: string): (...values: unknown[]) => void {
  if (typeof run === "function") return run as (...values: unknown[]) => void;
  throw new TypeError(`${name}: the first argument must be a function`);
}

export function createTimers({ carry, report, debug }: TimerPowers): GuestTimers {
  const active = new Set<number>();
  let last = 0;

  function wait(timer: number, ms: number, fire: () => void): void {
    const request = {
      target: TIMER,
      body: `{"SetTimer":${ms}}`,
      expectsResponse: Math.floor(ms / 1_000) + 1,
      blob: undefined,
    };
    carry(request, ({ kind }) => {
      if (!active.has(timer)) return;
      if (kind === "send-error") {
        debug(
          `The timer set for ${ms} ms did not answer. Grant messaging to "timer:distro:sys" in the manifest`,
        );
      }
      fire();
    });
  }

  function guarded(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      report(thrown);
    }
  }

  function clear(timer: unknown): void {
    active.delete(Number(timer));
  }

  return {
    setTimeout(run, ms, ...values) {
      const callback = callbackOf(run, "setTimeout");
      const timer = ++last;
      active.add(timer);
      wait(timer, delayOf(ms, 0), () => {
        active.delete(timer);
        guarded(() => callback(...values));
      });
      return timer;
    },
    setInterval(run, ms, ...values) {
      const callback = callbackOf(run, "setInterval");
      const delay = delayOf(ms, 1);
      const timer = ++last;
      active.add(timer);
      const again = (): void =>
        wait(timer, delay, () => {
          guarded(() => callback(...values));
          if (active.has(timer)) again();
        });
      again();
      return timer;
    },
    clearTimeout: clear,
    clearInterval: clear,
  };
}
