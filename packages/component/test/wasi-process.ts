/**
 * As much of a process as functions of WASI see, on a virtual clock: for tests that call them without a guest.
 * @module
 */
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import type { VirtualClock } from "@kinode-ts/testing";
import type { FiberPort } from "../src/fiber-port.ts";
import { WASI_INTERFACES } from "../src/wasi/index.ts";
import { PREVIEW1 } from "../src/preview1.ts";
import { createMemory, fakeFiber } from "./guest-memory.ts";

export interface WasiProcess {
  readonly fiber: FiberPort;
  readonly clock: VirtualClock;
  /** What it wrote to its standard error. */
  readonly stderr: string[];
  /** The machine's view of its memory; make a new one after memory may have grown. */
  view(): DataView;
  /** Calls a function of WASI 0.2 with values as its types have them. */
  wasi(name: string, ...values: readonly unknown[]): unknown;
  /** Calls a function of preview 1 with core values. */
  preview1(name: string, ...values: readonly (number | bigint)[]): unknown;
}

export function createWasiProcess(): WasiProcess {
  const clock = createVirtualClock();
  const stderr: string[] = [];
  const { memory } = createMemory();
  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => void clock.after(delayMs, resolve));
  const fiber: FiberPort = Object.assign(fakeFiber({}), {
    memory,
    environment: { clock, random: createSeededRandom(5) },
    pause,
    sleep(delayMs: number, store: () => void) {
      void pause(delayMs).then(store);
      return 1;
    },
    writeStderr: (bytes: Uint8Array) => void stderr.push(new TextDecoder().decode(bytes)),
  }) as unknown as FiberPort;
  return {
    fiber,
    clock,
    stderr,
    view: () => fiber.memory.dataView(),
    wasi(name, ...values) {
      const [interfaceName, functionName] = name.split("#") as [string, string];
      const item = WASI_INTERFACES.get(`wasi:${interfaceName}`)?.functions[functionName];
      if (item === undefined) throw new Error(`There is no ${name}`);
      return item.call(fiber, ...(values as never[]));
    },
    preview1: (name, ...values) => PREVIEW1.get(name)!.bind(fiber)(...(values as never[])),
  };
}
