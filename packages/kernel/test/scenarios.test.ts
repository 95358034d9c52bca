/**
 * The scenarios with native processes.
 * @module
 */
import { defineScenarios } from "./scenarios.ts";
import { NATIVE_PROBE } from "./test-node.ts";

defineScenarios(NATIVE_PROBE);
