/**
 * The powers of this machine: threads, clock and randomness.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import { createThreadEngine } from "./blob-threads-bun.ts";
import type { BackupPowers } from "./context.ts";
import type { BackupIdentity } from "./lock-file.ts";
import { createHostRandom } from "./random-bun.ts";

export { createThreadEngine } from "./blob-threads-bun.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;

/** No delay of a repository is longer than half an hour. */
function createHostClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, fire) {
      const timer = setTimeout(fire, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
      return { cancel: () => clearTimeout(timer) };
    },
    afterTurn: (turn) => void setImmediate(turn),
  };
}

/**
 * What `openRepository` needs, for a program that has no powers of its own.
 * @param identity - see `BackupIdentity` about its host name
 */
export function createHostPowers(identity: BackupIdentity, threadCount = 1): BackupPowers {
  return {
    clock: createHostClock(),
    random: createHostRandom(),
    identity,
    engine: createThreadEngine(threadCount),
  };
}
