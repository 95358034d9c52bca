/**
 * WASI 0.2 for processes: clocks, randomness, standard streams, sleeping and exiting; no file, socket, variable or path of
 * the host (spec/kernel.md §7, safe variants).
 * @module
 */
import { cliEnvironment, cliExit } from "./cli-environment.ts";
import { cliStderr, cliStdin, cliStdout } from "./cli-streams.ts";
import { cliTerminals } from "./cli-terminal.ts";
import { clocksMonotonic, clocksTimezone, clocksWall } from "./clocks.ts";
import type { WasiInterface } from "./contract.ts";
import { filesystem } from "./filesystem.ts";
import { ioError } from "./io-error.ts";
import { ioPoll } from "./io-poll.ts";
import { ioStreams } from "./io-streams.ts";
import { random } from "./random.ts";
import { sockets } from "./sockets.ts";

const ALL: readonly WasiInterface[] = [
  ioError,
  ioPoll,
  ioStreams,
  cliEnvironment,
  cliExit,
  cliStdin,
  cliStdout,
  cliStderr,
  ...cliTerminals,
  clocksMonotonic,
  clocksWall,
  clocksTimezone,
  ...random,
  ...filesystem,
  ...sockets,
];

/** By name without version, e.g. `wasi:io/streams`. */
export const WASI_INTERFACES: ReadonlyMap<string, WasiInterface> = new Map(
  ALL.map((item) => [item.name, item]),
);
