/**
 * How much of the machine others use.
 * @module
 */
import { cpus } from "node:os";

interface Times {
  readonly idle: number;
  readonly all: number;
}

function times(): Times {
  let [idle, all] = [0, 0];
  for (const { times: each } of cpus()) {
    idle += each.idle;
    all += each.user + each.nice + each.sys + each.idle + each.irq;
  }
  return { idle, all };
}

/** Share of all processors that was at work during `lookMs`: 0 to 1. The load average would remember minutes. */
export async function busyShare(lookMs = 500): Promise<number> {
  const before = times();
  await Bun.sleep(lookMs);
  const after = times();
  const all = after.all - before.all;
  return all <= 0 ? 0 : 1 - (after.idle - before.idle) / all;
}
