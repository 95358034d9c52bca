/**
 * What a fiber asks of its host when there is no kernel: turns of the event loop, and a bound for its time.
 * @module
 */
import { ProcessFault } from "@kinode-ts/types";
import type { Clock, ProcessHost, ProcessId } from "@kinode-ts/types";

const DEFAULT_SLICE_MS = 5;

export interface TimeLimits {
  readonly sliceMs: number | undefined;
  readonly maxCpuMs: number | undefined;
}

function unavailable(): never {
  throw new ProcessFault("it called a function of a node, and runs outside one");
}

/** @param cpuMs - processor time used so far */
export function createLibraryHost(
  clock: Clock,
  limits: TimeLimits,
  cpuMs: () => number,
): ProcessHost & { beginSlice(): void } {
  const { sliceMs = DEFAULT_SLICE_MS, maxCpuMs = Infinity } = limits;
  let sliceStartMs = clock.monotonicMs();
  const beginSlice = (): void => {
    sliceStartMs = clock.monotonicMs();
  };
  return {
    our: { node: "", process: "" as ProcessId },
    killed: false,
    beginSlice,
    sliceIsOver() {
      if (cpuMs() > maxCpuMs)
        throw new ProcessFault(`it used more than its ${maxCpuMs} ms of processor time`);
      return clock.monotonicMs() - sliceStartMs >= sliceMs;
    },
    yieldSlice(resume) {
      clock.afterTurn(() => {
        beginSlice();
        resume();
      });
    },
    park: unavailable,
    poll: unavailable,
    pollAwaited: unavailable,
    beginAwait: unavailable,
    print: unavailable,
    getOnExit: unavailable,
    setOnExit: unavailable,
    getState: unavailable,
    setState: unavailable,
    clearState: unavailable,
    spawn: unavailable,
    saveCapabilities: unavailable,
    dropCapabilities: unavailable,
    ourCapabilities: unavailable,
    hasBlob: unavailable,
    getBlob: unavailable,
    lastBlob: unavailable,
    sendRequest: unavailable,
    sendRequests: unavailable,
    sendResponse: unavailable,
  };
}
