/**
 * The probe in real WebAssembly, one per interface, for the same test nodes that native probes run on.
 * @module
 */
import { BlobPool, createComponentExecutor } from "@kinode-ts/component";
import { createSeededRandom } from "@kinode-ts/testing";
import { guestBytes } from "@kinode-ts/testing/guests";
import { decodeProbeReport } from "@kinode-ts/testing/probe";
import type { Clock, Executor } from "@kinode-ts/types";
import { PROBE_HANDLE, type ProbeKind } from "../test-node.ts";

/** The binaries of the probe, by the interface they import. */
export const INTERFACES = ["0.7.0", "0.8.0", "1.0.0", "hyperware-1.0.0"] as const;
export type InterfaceName = (typeof INTERFACES)[number];

/** The machine's own time, for what a guest measures; the kernel has its own clock. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

/** Uses buffers of blobs of any size again, and overwrites them before: whoever still reads one sees it. */
export const checkedBlobs = new BlobPool({ checks: true, minBytes: 1 });

/** One for all tests, so that each guest is compiled once. */
export const componentExecutor: Executor = createComponentExecutor({
  blobs: checkedBlobs,
  clock: realClock,
  random: createSeededRandom(1),
});

export function wasmProbe(name: InterfaceName = "1.0.0"): ProbeKind {
  return {
    label: `WebAssembly, ${name}`,
    handle: PROBE_HANDLE,
    bytes: guestBytes(`probe-${name}`),
    executors: [componentExecutor],
    decode: decodeProbeReport,
  };
}
