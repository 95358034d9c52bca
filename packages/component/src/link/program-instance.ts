/**
 * The instances of one process: core modules, memories and handles of all components of its program.
 * @module
 */
import type { CoreType, CoreValue } from "../canonical-abi/abi-type.ts";
import type { FunctionCodec } from "../canonical-abi/function-codec.ts";
import { GuestMemory } from "../canonical-abi/guest-memory.ts";
import type { Realloc } from "../canonical-abi/guest-memory.ts";
import { GuestTrap } from "../canonical-abi/guest-trap.ts";
import { HandleTable } from "../canonical-abi/handle-table.ts";
import { SpentBuffers } from "../canonical-abi/spent-buffers.ts";
import { EXPOSED } from "../core-module/expose.ts";
import { METER_MEMORY, METER_MODULE } from "../core-module/metering.ts";
import type { Fiber } from "../fiber.ts";
import { instantiate, promising, suspending } from "../jspi.ts";
import { STANDARD_INTERFACES } from "../select-interface.ts";
import { LinkPort } from "./link-port.ts";
import type { LinkedProgram } from "./linked-program.ts";
import type { CoreSource, LiftedFunc, LinkOptions, Lowering } from "./plan.ts";
import { RESULT_GLOBAL, TRAMPOLINE_MODE, TRAMPOLINE_MODULE } from "./trampolines.ts";

/** A caller gave a value of the wrong kind; nothing has run. `cause` says what. */
export class ArgumentError extends Error {
  override name = "ArgumentError";
}

type Exports = Readonly<Record<string, unknown>>;
type Promising = (...args: CoreValue[]) => Promise<CoreValue | undefined>;
type CoreCall = (...args: CoreValue[]) => CoreValue | undefined;

/** A memory whose module may not exist yet. */
interface Unbound {
  readonly memory: GuestMemory;
  readonly options: LinkOptions;
}

export class ProgramInstance {
  readonly fiber: Fiber;
  readonly #program: LinkedProgram;
  readonly #steps: Exports[] = [];
  readonly #handles: HandleTable[] = [];
  readonly #ports = new Map<string, LinkPort>();
  readonly #spent = new Map<string, SpentBuffers>();
  readonly #promising = new Map<unknown, Promising>();
  readonly #running = new Set<number>();
  #unbound: Unbound[] = [];
  #trampolines: Exports = {};

  /** @param context - for the handle tables of all its components */
  constructor(program: LinkedProgram, fiber: Fiber, context?: unknown) {
    this.#program = program;
    this.fiber = fiber;
    for (let i = 0; i < program.plan.instanceCount; i++) {
      const handles = new HandleTable(fiber.environment.limits.maxHandles, i);
      handles.context = context;
      this.#handles.push(handles);
    }
    fiber.atEnd(() => this.#release());
  }

  /** Makes all instances in order. Start functions may wait. */
  async instantiate(): Promise<void> {
    const { fiber } = this;
    const { plan, modules, lowered, trampolines } = this.#program;
    const suspend = suspending(fiber.suspend);
    const functions: Record<string, unknown> = { suspend };
    lowered.forEach(({ lowering, binding }, i) => {
      const options = lowering.kind === "func" ? lowering.options : NO_OPTIONS;
      functions[i] = binding.bind(this.#port(options, lowering.instance, isStandard(lowering)));
    });
    this.#trampolines = instantiate(trampolines, { [TRAMPOLINE_MODULE]: functions });
    for (const step of plan.steps) {
      const { core } = plan.modules[step.module]!;
      const own = core.importsMemory ? undefined : core.memories[0];
      const memory = own && fiber.createMemory(own);
      const meter = fiber.addModule();
      // names are the author's: without prototypes none of them means anything
      const imports = Object.create(null) as Record<string, Record<string, unknown>>;
      core.imports.forEach((item, i) => {
        const group = (imports[item.module] ??= Object.create(null) as Record<string, unknown>);
        group[item.name] = this.#resolve(step.imports[i]!);
      });
      imports[METER_MODULE] = { look: meter.look, suspend, [METER_MEMORY]: memory };
      const exports = instantiate(modules[step.module]!, imports);
      fiber.admit(meter, exports, exports[EXPOSED.memory] as WebAssembly.Memory | undefined);
      this.#steps.push(exports);
      this.#bindMemories();
      const start = exports[EXPOSED.start];
      if (start !== undefined) await promising(start)();
      else await fiber.giveWay();
      if (fiber.over) return;
    }
  }

  #resolve(source: CoreSource): unknown {
    if (source.kind === "lowering") return this.#trampolines[source.index];
    return this.#steps[source.step]?.[source.name];
  }

  /** @param isStandard - for a function of the process interface: only its byte lists are known to be left behind */
  #port(options: LinkOptions, instance: number, isStandard = false): LinkPort {
    const reuses = isStandard && this.#program.leavesByteLists;
    const key = `${instance} ${sourceKey(options.memory)} ${sourceKey(options.realloc)} ${reuses}`;
    let port = this.#ports.get(key);
    if (port === undefined) {
      const memory = new GuestMemory(this.fiber.environment.limits, this.#handles[instance]);
      if (reuses) memory.spent = this.#spentIn(options.memory, instance);
      port = new LinkPort(this, memory);
      this.#ports.set(key, port);
      if (options.memory !== undefined || options.realloc !== undefined)
        this.#unbound.push({ memory, options });
      this.#bindMemories();
    }
    return port;
  }

  /** One for each linear memory: a function that takes lists has other options than one that returns them. */
  #spentIn(memory: CoreSource | undefined, instance: number): SpentBuffers {
    const key = `${instance} ${sourceKey(memory)}`;
    let spent = this.#spent.get(key);
    if (spent === undefined) this.#spent.set(key, (spent = new SpentBuffers()));
    return spent;
  }

  /** Gives memories what exists by now. */
  #bindMemories(): void {
    if (this.#unbound.length === 0) return;
    this.#unbound = this.#unbound.filter(({ memory, options }) => {
      const linear = options.memory && this.#resolve(options.memory);
      const realloc = options.realloc && this.#resolve(options.realloc);
      memory.bind(
        linear as WebAssembly.Memory | undefined,
        realloc === undefined ? undefined : this.#guardedRealloc(realloc as Realloc),
        undefined,
      );
      return (
        (options.memory !== undefined && linear === undefined) ||
        (options.realloc !== undefined && realloc === undefined)
      );
    });
  }

  /** The guest's allocator may neither wait nor call the node. */
  #guardedRealloc(realloc: Realloc): Realloc {
    return (oldPointer, oldSize, align, newSize) =>
      this.#enter(() => realloc(oldPointer, oldSize, align, newSize));
  }

  #enter<T>(work: () => T): T {
    const mode = this.#trampolines[TRAMPOLINE_MODE] as WebAssembly.Global<"i32">;
    mode.value = 1;
    this.fiber.enterGuest();
    const result = work();
    // not in a "finally": after a trap nothing of the guest runs again
    this.fiber.leaveGuest();
    mode.value = 0;
    return result;
  }

  /** Leaves a result for a trampoline. */
  setResult(type: CoreType, value: CoreValue): void {
    const global = this.#trampolines[RESULT_GLOBAL[type]] as WebAssembly.Global;
    global.value = value;
  }

  /** Calls a function that a component of the program exports. Values in, value out. */
  async call(func: LiftedFunc, codec: FunctionCodec, values: readonly unknown[]): Promise<unknown> {
    const { memory } = this.#port(func.options, func.instance);
    const { handles } = memory;
    if (this.#running.has(func.instance))
      throw new GuestTrap("A component of the process was called while it waits in a call");
    this.#running.add(func.instance);
    handles.borrowedCount = 0;
    const args = this.#lowerParams(func, codec, memory, values);
    const answer = await this.callCore(func.core, args);
    memory.beginCall();
    const value = codec.liftResult(memory, answer);
    handles.delivered();
    const { postReturn } = func.options;
    if (postReturn !== undefined) {
      const finish = this.#resolve(postReturn) as CoreCall;
      this.#enter(() => finish(...(answer === undefined ? [] : [answer])));
    }
    if (handles.borrowedCount > 0)
      throw new GuestTrap("A component of the process kept a handle that was lent to it");
    this.#running.delete(func.instance);
    return value;
  }

  /** A value of the wrong kind is the caller's fault, and nothing has run for it. */
  #lowerParams(
    func: LiftedFunc,
    codec: FunctionCodec,
    memory: GuestMemory,
    values: readonly unknown[],
  ): CoreValue[] {
    try {
      return codec.lowerParams(memory, values);
    } catch (thrown) {
      this.#running.delete(func.instance);
      if (thrown instanceof TypeError) throw new ArgumentError(thrown.message, { cause: thrown });
      throw thrown;
    }
  }

  /** Calls a core function, which may wait. */
  callCore(source: CoreSource, args: readonly CoreValue[]): Promise<CoreValue | undefined> {
    const func = this.#resolve(source);
    let call = this.#promising.get(func);
    if (call === undefined) {
      call = promising(func) as unknown as Promising;
      this.#promising.set(func, call);
    }
    return call(...args);
  }

  #release(): void {
    const port = [...this.#ports.values()][0];
    for (const handles of this.#handles) if (port !== undefined) handles.dropAll(port);
    for (const { memory } of this.#ports.values()) memory.release();
    this.#steps.length = 0;
    this.#promising.clear();
    this.#trampolines = {};
  }
}

const isStandard = (lowering: Lowering): boolean =>
  lowering.kind === "func" &&
  lowering.func.kind === "host" &&
  STANDARD_INTERFACES.has(lowering.func.interface ?? "");

const NO_OPTIONS: LinkOptions = { memory: undefined, realloc: undefined, postReturn: undefined };

function sourceKey(source: CoreSource | undefined): string {
  if (source === undefined) return "";
  return source.kind === "lowering" ? `l${source.index}` : `${source.step}/${source.name}`;
}
