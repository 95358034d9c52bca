/**
 * One script running in the node's own realm.
 * @module
 */
import {
  type Ending,
  formatAddress,
  type GuestInit,
  type ProcessHost,
  ProcessKilled,
  type RunningProcess,
} from "@kinode-ts/types";
import { createNativeGuest, type NativeGuest } from "./create-guest-runtime.ts";

/** How a native script is embedded in its realm. */
export interface NativeEmbedding {
  readonly run: (guest: NativeGuest) => void;
  readonly afterJobs: (run: () => void) => void;
}

const NO_MAIN = "The script ended without calling kinode.main(…); register its entry point";

/** The text the engine would write to stderr: the error, then its stack. */
function describe(error: unknown): string {
  const head = String(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return stack === "" || stack.startsWith(head) ? stack || head : `${head}\n${stack}`;
}

function trapped(error: unknown): Ending {
  return { kind: "trapped", reason: String(error), stderr: describe(error) };
}

/** Starts the script; never throws. */
export function startNativeProcess(
  host: ProcessHost,
  { run, afterJobs }: NativeEmbedding,
): RunningProcess {
  let end: (ending: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => (end = resolve));
  let main: GuestInit | undefined;
  let called = false;

  const fail = (error: unknown): void => {
    end(host.killed || error instanceof ProcessKilled ? { kind: "killed" } : trapped(error));
  };
  const call = (): void => {
    if (main === undefined || called) return;
    called = true;
    // NOTE: not `await`: a value that is no promise ends the process, after the jobs that are ready.
    const outcome = main(formatAddress(host.our));
    guest.start();
    if (outcome instanceof Promise) outcome.then(() => end({ kind: "returned" }), fail);
    else afterJobs(() => end({ kind: "returned" }));
  };
  const guest = createNativeGuest(host, {
    afterJobs,
    onFault: (fault) => end({ kind: "trapped", reason: fault.message, stderr: "" }),
    onMain: (init) => (main = init),
  });

  try {
    run(guest);
    if (main !== undefined) call();
    else
      afterJobs(() =>
        main === undefined ? end({ kind: "trapped", reason: NO_MAIN, stderr: NO_MAIN }) : attempt(),
      );
  } catch (error) {
    fail(error);
  }

  function attempt(): void {
    try {
      call();
    } catch (error) {
      fail(error);
    }
  }

  return {
    ended,
    kill: () => end({ kind: "killed" }),
    usage: () => ({ memoryBytes: 0, cpuMs: 0 }),
  };
}
