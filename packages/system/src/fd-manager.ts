/**
 * The runtime module `fd-manager:distro:sys`: shares a number of open files among the modules that ask for a share.
 * The host is not polled here: the node says the budget when it makes the module.
 * Source: spec/runtime-modules.md §9.
 * @module
 */
import {
  FD_MANAGER_PROCESS,
  KERNEL_PROCESS,
  packageOf,
  type Clock,
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
  type SignedRequest,
  type TimerHandle,
} from "@kinode-ts/types";
import { decodeVariant, encodeJson } from "@kinode-ts/codec/module-json";

export type FdBudget =
  /** `--soft-ulimit`: the budget itself. */
  | { readonly kind: "static"; readonly count: number }
  /** The soft limit of open files of this process, from which the budget is computed. */
  | { readonly kind: "ulimit"; readonly softLimit: number };

export interface FdManagerOptions {
  readonly budget: FdBudget;
  /** Modules that hold sockets: they have a share like the others from the start, but are not told about it. */
  readonly sockets?: readonly ProcessId[];
  /** For forgetting hits; without it they count for ever. */
  readonly clock?: Clock;
}

/** Kept for the node's own files: store, logs, sockets. */
const RESERVED_COUNT = 30;
const DEFAULT_PERCENTAGE = 90;
/** Half of what a module hit is forgotten after so long: pressure of last week must not starve the others today. */
const DEFAULT_FORGET_SECONDS = 3_600;
const MAX_FORGET_SECONDS = 31_536_000;

export function createFdManager(options: FdManagerOptions): RuntimeModule {
  return new FdManager(options);
}

/** Actions without content. */
const UNITS: readonly unknown[] = ["RequestFdsLimit", "FdsLimitHit", "GetState"];

function isWellFormed(name: string | undefined, content: unknown): boolean {
  if (name === "GetProcessFdLimit") return typeof content === "string";
  return !UNITS.includes(name) || content === null;
}

class FdManager implements RuntimeModule {
  readonly id = FD_MANAGER_PROCESS;
  readonly #budget: FdBudget;
  readonly #sockets: ReadonlySet<ProcessId>;
  /** Weight of each registered module: 1, and 1 more for each hit. */
  readonly #hits = new Map<ProcessId, number>();
  readonly #clock: Clock | undefined;
  #percentage = DEFAULT_PERCENTAGE;
  #forgetSeconds = DEFAULT_FORGET_SECONDS;
  #alarm: TimerHandle | undefined;
  #context: ModuleContext | undefined;

  constructor({ budget, sockets = [], clock }: FdManagerOptions) {
    this.#clock = clock;
    this.#budget = budget;
    this.#sockets = new Set(sockets);
    for (const process of sockets) this.#hits.set(process, 1);
  }

  start(context: ModuleContext): void {
    this.#context = context;
  }

  handle(message: KernelMessage): void {
    const { source, message: request } = message;
    if (source.node !== this.#context!.our) {
      this.#context!.print(1, `fd-manager: dropped a message from another node, ${source.node}`);
      return;
    }
    if (request.kind !== "request") return;
    const [name, value] = decodeVariant(request.body) ?? [];
    switch (isWellFormed(name, value) ? name : undefined) {
      case "RequestFdsLimit":
        this.#hits.set(source.process, 1);
        return this.#sendLimits();
      case "FdsLimitHit":
        return this.#hit(source.process);
      case "GetState":
        return this.#answer(message, request, { GetState: this.#state() });
      case "GetProcessFdLimit":
        return this.#answer(message, request, { GetProcessFdLimit: this.#limitOf(value) });
      case "UpdateMaxFdsAsFractionOfUlimitPercentage":
        return this.#setPercentage(source.process, value);
      case "UpdateUpdateUlimitSecs":
        return this.#setForgetSeconds(source.process, value);
      case "UpdateCullFractionDenominator":
        return;
      default:
        this.#context!.print(1, `fd-manager: dropped a malformed request of ${source.process}`);
    }
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  processEnded(process: ProcessId): void {
    if (this.#hits.delete(process)) this.#sendLimits();
  }

  #hit(process: ProcessId): void {
    const hits = this.#hits.get(process);
    if (hits === undefined) return;
    this.#hits.set(process, hits + 1);
    this.#sendLimits();
    this.#setAlarm();
  }

  #setAlarm(): void {
    if (this.#alarm !== undefined || [...this.#hits.values()].every((hits) => hits === 1)) return;
    this.#alarm = this.#clock?.after(this.#forgetSeconds * 1_000, () => this.#forget());
  }

  #forget(): void {
    this.#alarm = undefined;
    for (const [process, hits] of this.#hits) this.#hits.set(process, 1 + ((hits - 1) >> 1));
    this.#sendLimits();
    this.#setAlarm();
  }

  /** Only the kernel and the terminal may change settings (§9 weakness 2). */
  #maySet(source: ProcessId, value: unknown): value is number {
    const allowed = source === KERNEL_PROCESS || packageOf(source) === "terminal:sys";
    if (allowed && Number.isInteger(value)) return true;
    this.#context!.print(1, `fd-manager: refused a setting from ${source}`);
    return false;
  }

  #setForgetSeconds(source: ProcessId, value: unknown): void {
    if (!this.#maySet(source, value)) return;
    this.#forgetSeconds = Math.min(MAX_FORGET_SECONDS, Math.max(1, value));
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#setAlarm();
  }

  #setPercentage(source: ProcessId, value: unknown): void {
    if (!this.#maySet(source, value)) return;
    this.#percentage = Math.min(100, Math.max(1, value));
    this.#sendLimits();
  }

  #sendLimits(): void {
    const { our } = this.#context!;
    for (const process of this.#hits.keys()) {
      if (this.#sockets.has(process)) continue;
      const body = encodeJson({ FdsLimit: this.#limitOf(process) });
      this.#context!.send({ target: { node: our, process }, body });
    }
  }

  #totalCount(): number {
    const budget = this.#budget;
    if (budget.kind === "static") return budget.count;
    return Math.floor((budget.softLimit * this.#percentage) / 100) - RESERVED_COUNT;
  }

  /** Half of the budget evenly, half by hits; 0 for modules that did not ask, never 0 for those that did. */
  #limitOf(process: unknown): number {
    const hits = this.#hits.get(process as ProcessId);
    if (hits === undefined) return 0;
    const half = this.#totalCount() / 2;
    let allHits = 0;
    for (const count of this.#hits.values()) allHits += count;
    return Math.max(1, Math.floor(half / this.#hits.size + (half * hits) / allHits));
  }

  #state(): Record<string, { limit: number; hit_count: number }> {
    return Object.fromEntries(
      [...this.#hits].map(([process, hits]) => [
        process,
        { limit: this.#limitOf(process), hit_count: hits },
      ]),
    );
  }

  #answer(message: KernelMessage, request: SignedRequest, json: unknown): void {
    if (request.expectsResponse === undefined) return;
    this.#context!.respond(message, { body: encodeJson(json) });
  }
}
