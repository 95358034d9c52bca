/**
 * Processes that are plain async functions: for tests of the kernel and of modules.
 * They run in the node's own realm and can never be stopped while they compute; programs of other people run elsewhere.
 * @module
 */
import {
  type Address,
  type Delivery,
  type Ending,
  errorText,
  type Executor,
  type LazyLoadBlob,
  type ProcessHost,
  ProcessKilled,
  type Program,
  type Request,
  type RunningProcess,
} from "@kinode-ts/types";

/** What a native process runs; the process ends when it settles. */
export type NativeMain = (process: NativeProcess) => void | Promise<void>;

/** The host with its waits as promises. */
export class NativeProcess {
  readonly host: ProcessHost;

  constructor(host: ProcessHost) {
    this.host = host;
  }

  /** @throws {ProcessKilled} killed while it waited */
  receive(): Promise<Delivery> {
    return this.#wait(() => this.host.poll());
  }

  /** @throws {ProcessKilled} killed while it waited */
  awaitResponse(target: Address, request: Request, blob?: LazyLoadBlob): Promise<Delivery> {
    this.host.beginAwait(target, request, blob);
    return this.#wait(() => this.host.pollAwaited());
  }

  async #wait(poll: () => Delivery | undefined): Promise<Delivery> {
    for (;;) {
      if (this.host.killed) throw new ProcessKilled();
      const delivery = poll();
      if (delivery !== undefined) {
        if (this.host.sliceIsOver()) {
          await new Promise<void>((resolve) => this.host.yieldSlice(resolve));
        }
        return delivery;
      }
      await new Promise<void>((resolve) => this.host.park(resolve));
    }
  }
}

/**
 * An executor for the given files: the handle chooses the function, the bytes are ignored.
 * @param programs - by handle, e.g. `/test:sys/pkg/a.wasm`
 */
export function createFunctionExecutor(programs: Readonly<Record<string, NativeMain>>): Executor {
  return {
    accepts: ({ handle }) => Object.hasOwn(programs, handle),
    prepare: ({ handle }) => Promise.resolve(createProgram(programs[handle]!)),
  };
}

function createProgram(main: NativeMain): Program {
  return {
    start(host): RunningProcess {
      return {
        ended: run(main, host),
        // A waiting function is woken by the kernel and throws; one that computes cannot be stopped.
        kill: () => {},
        usage: () => ({ memoryBytes: 0, cpuMs: 0 }),
      };
    },
  };
}

async function run(main: NativeMain, host: ProcessHost): Promise<Ending> {
  try {
    await main(new NativeProcess(host));
    return { kind: "returned" };
  } catch (thrown) {
    if (thrown instanceof ProcessKilled) return { kind: "killed" };
    return { kind: "trapped", reason: errorText(thrown), stderr: "" };
  }
}
