/**
 * The scenarios with processes in real WebAssembly.
 * @module
 */
import { defineScenarios } from "../scenarios.ts";
import { wasmProbe } from "./wasm-probe.ts";

defineScenarios(wasmProbe());
