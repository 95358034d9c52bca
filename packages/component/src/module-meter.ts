/**
 * The meter of one instantiated core module: its fuel, and how far its memory may grow.
 * @module
 */
import { METER_EXPORT, MODE } from "./core-module/metering.ts";

type NumberGlobal = WebAssembly.Global<"i32">;
type Exports = Readonly<Record<string, unknown>>;

const PAGE_BYTES = 65_536;

export class ModuleMeter {
  /** The import `look` of this module. */
  readonly look: () => number;
  #memory: WebAssembly.Memory | undefined;
  #fuel: NumberGlobal | undefined;
  #maxPages: NumberGlobal | undefined;

  /** @param onLook - called when fuel is used up; answers a status */
  constructor(onLook: (meter: ModuleMeter) => number) {
    this.look = () => onLook(this);
  }

  /** The module exists. From now on it may wait like any other. */
  bind(exports: Exports, memory: WebAssembly.Memory | undefined, fuel: number): void {
    this.#memory = memory;
    this.#maxPages = exports[METER_EXPORT.maxPages] as NumberGlobal;
    this.#fuel = exports[METER_EXPORT.fuel] as NumberGlobal;
    (exports[METER_EXPORT.mode] as NumberGlobal).value = MODE.normal;
    this.#fuel.value = fuel;
  }

  /** Lets go of the instance when its process has ended. */
  release(): void {
    this.#memory = undefined;
    this.#maxPages = undefined;
    this.#fuel = undefined;
  }

  get memory(): WebAssembly.Memory | undefined {
    return this.#memory;
  }

  /** What is left; below 0 when calls of the node have used more. */
  get fuel(): number {
    return this.#fuel?.value ?? 0;
  }

  refuel(fuel: number): void {
    if (this.#fuel !== undefined) this.#fuel.value = fuel;
  }

  /** Says how many bytes its memory may have. */
  allow(bytes: number): void {
    if (this.#maxPages !== undefined) this.#maxPages.value = Math.floor(bytes / PAGE_BYTES);
  }
}
