/**
 * What a person lets a process have of the processor.
 * @module
 */
import { CPU_LIMIT_BOUNDS } from "@kinode-ts/kernel";
import { type ControlProcess, DEFAULT_CPU_LIMIT } from "@kinode-ts/types";
import * as v from "valibot";
import { readJson } from "./answers.ts";
import { findProcess } from "./find-process.ts";
import { listProcesses } from "./apps.ts";
import type { ControlPowers } from "./control-powers.ts";

const within = ({ min, max }: { readonly min: number; readonly max: number }) =>
  v.nullish(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(min, `a whole number from ${min} to ${max}`),
      v.maxValue(max, `a whole number from ${min} to ${max}`),
    ),
  );

const limitSchema = v.strictObject({
  shares: within(CPU_LIMIT_BOUNDS.shares),
  burstMs: within(CPU_LIMIT_BOUNDS.burstMs),
});

/** A part that is not mentioned stays, `null` is the default. Kept for whenever a process with this id runs. */
export async function limitProcess(
  powers: ControlPowers,
  request: Request,
  id: string,
): Promise<ControlProcess> {
  const { kernel } = powers;
  const change = await readJson(request, limitSchema);
  const info = findProcess(kernel, id, "has no share of its own");
  const pick = (name: "shares" | "burstMs"): number => {
    const wanted = change[name];
    return wanted === null ? DEFAULT_CPU_LIMIT[name] : (wanted ?? info.cpuLimit[name]);
  };
  const limit = { shares: pick("shares"), burstMs: pick("burstMs") };
  const isDefault =
    limit.shares === DEFAULT_CPU_LIMIT.shares && limit.burstMs === DEFAULT_CPU_LIMIT.burstMs;
  await kernel.setCpuLimit(info.id, isDefault ? undefined : limit);
  return listProcesses(powers).find((shown) => shown.id === id)!;
}
