/**
 * All scenarios, in the order they are run and printed.
 * @module
 */
import type { Scenario } from "./figure.ts";
import { PROCESS_MEMORY, SPAWN } from "./processes.ts";
import { ROUND_TRIP_10000, ROUND_TRIP_16, ROUND_TRIP_RUST } from "./round-trips.ts";

export const SCENARIOS: readonly Scenario[] = [
  ROUND_TRIP_16,
  ROUND_TRIP_RUST,
  SPAWN,
  ...PROCESS_MEMORY,
  ROUND_TRIP_10000,
];
