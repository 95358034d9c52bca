/**
 * Starting other processes of our package.
 * Source: spec/kernel.md §3.12, spec/packages-and-tools.md §25.1.
 * @module
 */
import type { GuestCapability, SpawnError as SpawnFault } from "@kinode-ts/types";
import { ProcessId } from "./address.ts";
import { host } from "./current.ts";
import { SpawnError } from "./errors.ts";
import { stringifyJson } from "./json.ts";
import type { OnExit } from "./on-exit.ts";
import { toGuestOnExit } from "./on-exit.ts";
import { our } from "./send.ts";

/** What a child is, and what it gets. Source: spec/packages-and-tools.md §25.1. */
export interface SpawnOptions {
  /** File in our package's `pkg` drive, such as `worker.js`, or a whole VFS path, `/chess:sys/pkg/worker.js`. */
  readonly entry: string;
  /** Name part of its process id. Default: a random number. */
  readonly name?: string | undefined;
  /** Default: nothing. */
  readonly onExit?: OnExit | undefined;
  /** Capabilities it gets from us; those we neither hold nor issue are left out by the kernel. */
  readonly request?: readonly GuestCapability[] | undefined;
  /** Capabilities the child issues, for others. Params left out: messaging. */
  readonly grant?: readonly SpawnGrant[] | undefined;
  /** Whether any local process may message it. Default: no. */
  readonly public?: boolean | undefined;
}

/** A capability that the child issues, for a process that gets it. */
export interface SpawnGrant {
  readonly to: ProcessId | string;
  /** JSON value. */
  readonly params?: unknown;
}

const SPAWN_CODE: Readonly<Record<SpawnFault, "NameTaken" | "NoFileAtPath">> = {
  "name-taken": "NameTaken",
  "no-file-at-path": "NoFileAtPath",
};

/**
 * Starts a sibling; parent and child may message each other.
 * Rejects with a `SpawnError`.
 */
export async function spawn(options: SpawnOptions): Promise<ProcessId> {
  const result = await host().spawn({
    name: options.name,
    wasmPath: entryPath(options.entry),
    onExit: toGuestOnExit(options.onExit ?? "none"),
    requestCapabilities: options.request ?? [],
    grantCapabilities: (options.grant ?? []).map(({ to, params }) => ({
      process: to.toString(),
      params: stringifyJson(params ?? "messaging"),
    })),
    public: options.public ?? false,
  });
  if (result.ok) return ProcessId.parse(result.process);
  throw new SpawnError({ code: SPAWN_CODE[result.error], entry: options.entry });
}

/** A path whose first part is a package id is whole; any other is in our own `pkg` drive. */
function entryPath(entry: string): string {
  const inside = entry.startsWith("/") ? entry.slice(1) : entry;
  return inside.split("/", 1)[0]!.includes(":")
    ? `/${inside}`
    : `/${our().packageId().toString()}/pkg/${inside}`;
}
