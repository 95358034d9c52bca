/**
 * `kinode limit`: how much of the processor a process may have while others want it too.
 * @module
 */
import type { ControlLimit, ControlProcess } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { connectToNode } from "./control-client.ts";
import type { CommandFlags } from "./node-commands.ts";
import type { Output } from "./output.ts";

export interface LimitFlags extends CommandFlags {
  readonly shares?: string;
  readonly burst?: string;
  readonly reset?: boolean;
}

/** `4`; @throws {NodeError} anything but a whole number */
function readShares(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new NodeError(
    { code: "node.bad-flag", flag: "--shares", value: text },
    `"${text}" is not a number of shares`,
    { hint: "Take a whole number from 1 to 1000, e.g. --shares 4" },
  );
}

/** Milliseconds of `200ms`, `1.5s` or `200`. */
function readBurst(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text);
  if (match !== null) return Math.round(Number(match[1]) * (match[2] === "s" ? 1_000 : 1));
  throw new NodeError(
    { code: "node.bad-flag", flag: "--burst", value: text },
    `"${text}" is not a length of time`,
    { hint: "Take up to a minute of processor time, e.g. --burst 200ms or --burst 1.5s" },
  );
}

export async function limitCommand(id: string, flags: LimitFlags, output: Output): Promise<void> {
  const change: ControlLimit =
    flags.reset === true
      ? { shares: null, burstMs: null }
      : {
          ...(flags.shares === undefined ? {} : { shares: readShares(flags.shares) }),
          ...(flags.burst === undefined ? {} : { burstMs: readBurst(flags.burst) }),
        };
  const path = `processes/${encodeURIComponent(id)}/limit`;
  const shown = await connectToNode(flags.home).post<ControlProcess>(path, change);
  if (flags.json === true) return output.line(JSON.stringify(shown));
  const shares = shown.cpuShares === 1 ? "1 share" : `${shown.cpuShares} shares`;
  output.line(
    `${shown.id} has ${shares} of the processor, after ${shown.cpuBurstMs} ms at full speed.`,
  );
}
