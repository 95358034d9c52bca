/**
 * One instance of a component that a caller uses: runs its calls one after the other on a fiber.
 * @module
 */
import type { ProvidedInterfaces } from "../api.ts";
import type { FunctionCodec } from "../canonical-abi/function-codec.ts";
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import { Fiber } from "../fiber.ts";
import type { FiberEnvironment } from "../fiber-port.ts";
import type { LinkedProgram } from "../link/linked-program.ts";
import type { LiftedFunc } from "../link/plan.ts";
import { ArgumentError, ProgramInstance } from "../link/program-instance.ts";
import { createExports } from "./exports-object.ts";
import { InstanceError } from "./instance-error.ts";
import { JobQueue } from "./job-queue.ts";
import type { ComponentInstance, InstanceEnding, InstanceLimits } from "./library-api.ts";
import { createLibraryHost } from "./library-host.ts";

const DEFAULT_MAX_MEMORY_BYTES = 64 * 1024 * 1024;
/** Fuel between two looks at most; the fiber takes less when its code is slow. */
const FUEL_PER_CHECK = 100_000;

/** How the values of an exported function pass. */
export type CodecOf = (func: LiftedFunc) => FunctionCodec;

export class InstanceRunner {
  readonly instance: ComponentInstance;
  /** Settles when the instance can be called. @throws {InstanceError} it trapped while it was made */
  readonly ready: Promise<void>;
  readonly #program: LinkedProgram;
  readonly #codecOf: CodecOf;
  readonly #fiber: Fiber;
  readonly #host: ReturnType<typeof createLibraryHost>;
  readonly #jobs = new JobQueue();
  readonly #ended: Promise<InstanceEnding>;
  #running: ProgramInstance | undefined;
  /** What a function of the caller threw; ends the instance. */
  #thrown: { readonly value: unknown } | undefined;
  #ending: InstanceEnding | undefined;

  constructor(
    program: LinkedProgram,
    environment: FiberEnvironment,
    provided: ProvidedInterfaces,
    limits: InstanceLimits,
    codecOf: CodecOf,
  ) {
    this.#program = program;
    this.#codecOf = codecOf;
    const { sliceMs, maxCpuMs, maxMemoryBytes = DEFAULT_MAX_MEMORY_BYTES } = limits;
    const used = (): number => this.#fiber.cpuMs;
    this.#host = createLibraryHost(environment.clock, { sliceMs, maxCpuMs }, used);
    this.ready = this.#jobs.add(() => Promise.resolve()).then(() => undefined);
    const processLimits = { maxMemoryBytes, fuelPerCheck: FUEL_PER_CHECK };
    const { codeBytes } = program;
    const run = { codeBytes, run: (fiber: Fiber) => this.#run(fiber) };
    const guarded = this.#noting(provided);
    this.#fiber = new Fiber(run, this.#host, processLimits, environment, guarded);
    this.#ended = this.#fiber.ended.then((ending) => {
      this.#ending = ending.kind === "returned" ? { kind: "closed" } : ending;
      this.#jobs.fail(this.#error());
      return this.#ending;
    });
    this.instance = this.#face();
  }

  #face(): ComponentInstance {
    const close = async (): Promise<void> => {
      this.#jobs.close();
      await this.#ended;
    };
    const owner = {
      call: (func: LiftedFunc, args: readonly unknown[]) => this.#call(func, args),
      drop: (resource: ResourceType, rep: number) => this.#drop(resource, rep),
    };
    const { exports, prototypes } = createExports(this.#program.plan.exports, owner);
    this.#prototypes = prototypes;
    return {
      exports,
      ended: this.#ended,
      kill: () => {
        this.#fiber.kill();
        this.#jobs.close();
      },
      close,
      stderr: () => this.#fiber.stderr,
      usage: () => this.#fiber.usage(),
      [Symbol.asyncDispose]: close,
    };
  }

  #prototypes: ReadonlyMap<ResourceType, object> = new Map();

  /** Remembers what functions of the caller throw, so that it can be the cause of what the call rejects with. */
  #noting(provided: ProvidedInterfaces): ProvidedInterfaces {
    const note = (thrown: unknown): never => {
      this.#thrown ??= { value: thrown };
      throw thrown;
    };
    const guarded = (func: (...values: never[]) => unknown) =>
      ((...values: never[]) => {
        let value: unknown;
        try {
          value = func(...values);
        } catch (thrown) {
          return note(thrown);
        }
        return value instanceof Promise ? value.catch(note) : value;
      }) as (...values: never[]) => unknown;
    return Object.fromEntries(
      Object.entries(provided).map(([name, functions]) => [
        name,
        Object.fromEntries(Object.entries(functions).map(([key, func]) => [key, guarded(func)])),
      ]),
    );
  }

  async #run(fiber: Fiber): Promise<void> {
    const context = {
      prototypeOf: (resource: ResourceType) => this.#prototypes.get(resource) ?? {},
      drop: (resource: ResourceType, rep: number) => this.#drop(resource, rep),
    };
    const program = new ProgramInstance(this.#program, fiber, context);
    this.#running = program;
    await program.instantiate();
    const { cpu } = fiber.environment;
    while (!fiber.over) {
      cpu.suspended(fiber);
      const job = await this.#jobs.next();
      cpu.resumed();
      if (job === undefined || fiber.over) {
        job?.reject(this.#error());
        return;
      }
      this.#host.beginSlice();
      try {
        job.resolve(await job.run());
      } catch (thrown) {
        if (thrown instanceof ArgumentError) {
          job.reject(thrown.cause);
          continue;
        }
        // the process ends, and only then is known how
        void this.#ended.then(() => job.reject(this.#error()));
        throw thrown;
      }
    }
  }

  #error(): InstanceError {
    const cause = this.#thrown === undefined ? {} : { cause: this.#thrown.value };
    const ending = this.#ending;
    if (ending?.kind !== "trapped")
      return new InstanceError({ code: "instance.ended", how: ending?.kind ?? "killed" });
    const { reason, stderr } = ending;
    return new InstanceError({ code: "instance.trapped", reason, stderr }, cause);
  }

  #enqueue(run: (program: ProgramInstance) => Promise<unknown>): Promise<unknown> {
    if (this.#jobs.closed) return this.#ended.then(() => Promise.reject(this.#error()));
    return this.#jobs.add(() => run(this.#running!));
  }

  #call(func: LiftedFunc, args: readonly unknown[]): Promise<unknown> {
    const { params } = func.type;
    if (args.length !== params.length) {
      const error = new TypeError(`Expected ${params.length} arguments, got ${args.length}`);
      return Promise.reject(error);
    }
    return this.#enqueue((program) => program.call(func, this.#codecOf(func), args));
  }

  async #drop(resource: ResourceType, rep: number): Promise<void> {
    const destructor = this.#program.plan.guestResources.get(resource)?.destructor;
    if (destructor !== undefined && !this.#jobs.closed)
      await this.#enqueue((program) => program.callCore(destructor, [rep]));
  }
}
