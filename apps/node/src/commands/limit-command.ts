/**
 * `kinode limit`: how much of the processor a process may have while others want it too, and how much of the disk a package.
 * @module
 */
import type {
  ControlDiskLimit,
  ControlLimit,
  ControlProcess,
  ControlUsage,
} from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { connectToNode } from "./control-client.ts";
import type { CommandFlags } from "./node-commands.ts";
import { formatBytes, formatTable, type Output } from "./output.ts";

export interface LimitFlags extends CommandFlags {
  readonly shares?: string;
  readonly burst?: string;
  readonly disk?: string;
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

const UNITS = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const;

/** Bytes of `500MB`, `1.5 GB`, `4096`, or null for `none`; a KB has 1,024. */
function readSize(text: string): number | null {
  if (text === "none") return null;
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]?)(?:i?b)?$/i.exec(text);
  const bytes =
    match === null
      ? Number.NaN
      : Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase() as keyof typeof UNITS]);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new NodeError(
    { code: "node.bad-flag", flag: "--disk", value: text },
    `"${text}" is not a size`,
    { hint: "Take a number with a unit, e.g. --disk 500MB or --disk 1GB, or --disk none" },
  );
}

async function limitPackage(id: string, flags: LimitFlags, output: Output): Promise<void> {
  if (flags.shares !== undefined || flags.burst !== undefined) {
    throw new NodeError(
      { code: "node.bad-flag", flag: "--shares", value: id },
      `"${id}" is a package; processes have shares and bursts, each its own`,
      { hint: "Name a process of it, see kinode ps; a package has --disk" },
    );
  }
  const change: ControlDiskLimit =
    flags.disk === undefined
      ? flags.reset === true
        ? { diskBytes: null }
        : {}
      : { diskBytes: readSize(flags.disk) };
  const path = `packages/${encodeURIComponent(id)}/limit`;
  const shown = await connectToNode(flags.home).post<ControlUsage>(path, change);
  if (flags.json === true) return output.line(JSON.stringify(shown));
  const used = formatBytes(shown.usedBytes);
  output.line(
    shown.limitBytes === null
      ? `${shown.package} uses ${used} of the disk and has no limit.`
      : `${shown.package} uses ${used} of the ${formatBytes(shown.limitBytes)} of disk space it may have.`,
  );
}

/** `kinode usage [package]`: what packages have on the disk. */
export async function usageCommand(
  id: string | undefined,
  flags: CommandFlags,
  output: Output,
): Promise<void> {
  const all = await connectToNode(flags.home).get<ControlUsage[]>("usage");
  const shown = id === undefined ? all : all.filter((usage) => usage.package === id);
  if (id !== undefined && shown.length === 0) {
    throw new NodeError(
      { code: "node.answer", status: 404, reason: "control.unknown-package" },
      `"${id}" has no files and no limit on this node`,
      { hint: '"kinode usage" lists the packages that have' },
    );
  }
  if (flags.json === true) return output.line(JSON.stringify(id === undefined ? shown : shown[0]));
  const rows = shown.map((usage) => [
    usage.package,
    formatBytes(usage.usedBytes),
    usage.limitBytes === null ? "" : formatBytes(usage.limitBytes),
  ]);
  output.line(formatTable(["PACKAGE", "USED", "LIMIT"], rows));
}

/** Of a process: its processor; of a package: its disk space. */
export async function limitCommand(id: string, flags: LimitFlags, output: Output): Promise<void> {
  if (id.split(":").length === 2) return await limitPackage(id, flags, output);
  if (flags.disk !== undefined) {
    const owner = id.split(":").slice(1).join(":");
    throw new NodeError(
      { code: "node.bad-flag", flag: "--disk", value: flags.disk },
      `"${id}" is a process; disk space belongs to its package`,
      { hint: `kinode limit ${owner} --disk ${flags.disk}` },
    );
  }
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
