/**
 * All scenarios, in the order they are run and printed.
 * @module
 */
import type { Scenario } from "./figure.ts";

export const SCENARIOS: readonly Scenario[] = [];
