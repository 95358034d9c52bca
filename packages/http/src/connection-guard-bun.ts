/**
 * The guard of connections on the host's own files.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import { ConnectionGuard } from "./connection-guard.ts";
import { openFilesOfHost } from "./open-files-bun.ts";

export interface GuardConnectionsOptions {
  readonly clock: Pick<Clock, "after">;
  /** How many files this program may have open; connections get a quarter of it, and no more than 16,384. */
  readonly openFileLimit: number;
  /** Where strangers connect. */
  readonly ports: () => readonly number[];
  /** Ends connections that wait for their next request. */
  readonly closeIdle: () => void;
  /** For the person: at most one line a minute. */
  readonly say: (text: string) => void;
}

const SAY_AGAIN_MS = 60_000;

/** Watches from now on; does nothing where the system's C library is none that is known. */
export function guardConnections(options: GuardConnectionsOptions): { stop(): void } {
  const { clock, openFileLimit, ports, closeIdle, say } = options;
  const files = openFilesOfHost();
  if (files === undefined) return { stop() {} };
  let isQuiet = false;
  const ended = (count: number): void => {
    if (isQuiet) return;
    isQuiet = true;
    clock.after(SAY_AGAIN_MS, () => (isQuiet = false));
    say(`Ended ${count} connections of browsers and programs: there were too many at one time`);
  };
  return new ConnectionGuard({ clock, files, openFileLimit, ports, closeIdle, ended });
}
