/**
 * All scenarios, in the order they are run and printed.
 * @module
 */
import type { Scenario } from "./figure.ts";
import { INSTANCE_MEMORY, INSTANCE_START } from "./instances.ts";
import { METERING } from "./metering-cost.ts";
import { ISOLATION } from "./modules/isolation.ts";
import { LOGIN, PAGES } from "./modules/pages.ts";
import { FILES, FLUSHED_TABLES, PAIRS, STATES, TABLES } from "./modules/storage.ts";
import { NET } from "./net/scenarios.ts";
import { PROCESS_MEMORY, SPAWN } from "./processes.ts";
import {
  ONE_WAY,
  ROUND_TRIP_10000,
  ROUND_TRIP_16,
  ROUND_TRIP_BLOBS,
  ROUND_TRIP_C,
  ROUND_TRIP_RUST,
} from "./round-trips.ts";
import { ROUND_TRIP_SCRIPT } from "./script-trips.ts";
import { BOOT, HTTP_SCRIPT, HTTP_WASM } from "./web.ts";

/** What running programs costs: `bun run bench runtime`. */
const RUNTIME: readonly Scenario[] = [
  ROUND_TRIP_RUST,
  ROUND_TRIP_C,
  ROUND_TRIP_SCRIPT,
  ...METERING,
  ...INSTANCE_START,
  ...INSTANCE_MEMORY,
];

/** What the runtime modules cost their callers: `bun run bench modules`. */
const MODULES: readonly Scenario[] = [
  FILES,
  PAIRS,
  TABLES,
  FLUSHED_TABLES,
  STATES,
  PAGES,
  LOGIN,
  ...ISOLATION,
];

/** Named selections. */
export const GROUPS: Readonly<Record<string, readonly Scenario[]>> = {
  runtime: RUNTIME,
  modules: MODULES,
  net: NET,
};

export const SCENARIOS: readonly Scenario[] = [
  ROUND_TRIP_16,
  ROUND_TRIP_BLOBS,
  ...RUNTIME,
  ONE_WAY,
  SPAWN,
  ...PROCESS_MEMORY,
  ROUND_TRIP_10000,
  BOOT,
  HTTP_WASM,
  HTTP_SCRIPT,
  ...MODULES,
  ...NET,
];
