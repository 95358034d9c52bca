/**
 * A stand-in for the kernel around one runtime module: sends it messages, collects what it answers and sends,
 * and knows who holds which capability.
 * Source: spec/runtime-modules.md §1.2 (reply routing).
 * @module
 */
import {
  formatAddress,
  type Address,
  type Answer,
  type Capability,
  type KernelMessage,
  type LazyLoadBlob,
  type ModuleContext,
  type ModuleRequest,
  type ProcessId,
  type RuntimeModule,
  type U64,
} from "@kinode-ts/types";

export interface HarnessMessage {
  /** JSON value, or text or bytes as they are. */
  readonly body: unknown;
  readonly blob?: LazyLoadBlob | Uint8Array | string | undefined;
  /** Default 5; `null`: no response is expected. */
  readonly expectsResponse?: U64 | null;
  readonly metadata?: string | undefined;
  /** Default: the source when a response is expected, as the kernel does. */
  readonly rsvp?: Address | undefined;
  /** Node of the source; default: our own. */
  readonly node?: string;
  readonly id?: U64;
}

/** An answer of the module. */
export interface HarnessAnswer {
  readonly target: Address;
  readonly id: U64;
  readonly body: Uint8Array;
  readonly blob: LazyLoadBlob | undefined;
  readonly metadata: string | undefined;
  readonly text: string;
  /** Parsed body; `undefined` when the body is empty. */
  readonly json: unknown;
}

export interface ModuleHarness {
  readonly our: string;
  readonly context: ModuleContext;
  /** Every answer so far, in order. */
  readonly answers: readonly HarnessAnswer[];
  /** Every request the module sent, with its id. */
  readonly sent: readonly (ModuleRequest & { readonly id: U64 })[];
  readonly prints: readonly { readonly verbosity: number; readonly text: string }[];
  start(): Promise<void>;
  /** Settles when everything posted so far has been handed to the module. */
  delivered(): Promise<void>;
  /** Delivers a request and goes on; returns its id. */
  post(source: string, message: HarnessMessage): U64;
  /** Delivers a request and settles with its answer. */
  ask(source: string, message: HarnessMessage): Promise<HarnessAnswer>;
  /** Delivers a response to a request that the module sent. */
  answer(source: string, id: U64, answer: { body: unknown; blob?: HarnessMessage["blob"] }): void;
  /** Gives a capability issued by the module, by its params text. */
  give(process: string, params: string): void;
  /** Takes all of those away again. */
  takeAll(process: string): void;
  held(process: string): readonly Capability[];
  /** Processes that exist; by default every one does. */
  setExists(exists: (process: ProcessId) => boolean): void;
  /** Called with each request the module sends, before `send` returns. */
  onSend(listener: (request: ModuleRequest & { readonly id: U64 }) => void): void;
  /** Makes `grant` answer false from now on. */
  failGrants(): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type CreateModuleHarness = (
  module: RuntimeModule,
  options?: { readonly our?: string },
) => ModuleHarness;

/** Name of the global that may hold another implementation. */
const REPLACEMENT = Symbol.for("kinode.module-harness");

/**
 * The stand-in of this file, or what was set in its place: the tests of the modules run a second time with a real kernel,
 * where real processes send the messages.
 */
export const createModuleHarness: CreateModuleHarness = (module, options = {}) => {
  const replacement = (globalThis as { [REPLACEMENT]?: CreateModuleHarness })[REPLACEMENT];
  return replacement?.(module, options) ?? new Harness(module, options.our ?? "alice.os");
};

/** Whether real processes send the messages: floods are slowed down and refused by the kernel then, as they should. */
export function isThroughKernel(): boolean {
  return (globalThis as { [REPLACEMENT]?: CreateModuleHarness })[REPLACEMENT] !== undefined;
}

/** Makes `createModuleHarness` return another implementation from now on. For files that a test run preloads. */
export function setModuleHarness(create: CreateModuleHarness): void {
  (globalThis as { [REPLACEMENT]?: CreateModuleHarness })[REPLACEMENT] = create;
}

class Harness implements ModuleHarness {
  readonly our: string;
  readonly context: ModuleContext;
  readonly answers: HarnessAnswer[] = [];
  readonly sent: (ModuleRequest & { readonly id: U64 })[] = [];
  readonly prints: { verbosity: number; text: string }[] = [];
  readonly #module: RuntimeModule;
  readonly #waiting = new Map<U64, (answer: HarnessAnswer) => void>();
  readonly #held = new Map<string, Capability[]>();
  #exists: (process: ProcessId) => boolean = () => true;
  #onSend: (request: ModuleRequest & { readonly id: U64 }) => void = () => {};
  #grants = true;
  #nextId = 1;

  constructor(module: RuntimeModule, our: string) {
    this.our = our;
    this.#module = module;
    this.context = this.#createContext();
  }

  async start(): Promise<void> {
    await this.#module.start?.(this.context);
  }

  delivered(): Promise<void> {
    return Promise.resolve();
  }

  post(source: string, message: HarnessMessage): U64 {
    const id = message.id ?? this.#nextId++;
    const from: Address = { node: message.node ?? this.our, process: source as ProcessId };
    const expectsResponse = message.expectsResponse === undefined ? 5 : message.expectsResponse;
    this.#module.handle({
      id,
      source: from,
      target: this.context.address,
      rsvp: "rsvp" in message ? message.rsvp : expectsResponse === null ? undefined : from,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: expectsResponse ?? undefined,
        body: toBytes(message.body),
        metadata: message.metadata,
        capabilities: [],
      },
      blob: toBlob(message.blob),
    });
    return id;
  }

  ask(source: string, message: HarnessMessage): Promise<HarnessAnswer> {
    const id = message.id ?? this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.post(source, { ...message, id });
    });
  }

  answer(source: string, id: U64, answer: { body: unknown; blob?: HarnessMessage["blob"] }): void {
    this.#module.handle({
      id,
      source: { node: this.our, process: source as ProcessId },
      target: this.context.address,
      rsvp: undefined,
      message: {
        kind: "response",
        inherit: false,
        body: toBytes(answer.body),
        metadata: undefined,
        capabilities: [],
      },
      blob: toBlob(answer.blob),
    });
  }

  give(process: string, params: string): void {
    this.#add(process, { issuer: this.context.address, params });
  }

  takeAll(process: string): void {
    this.#held.delete(process);
  }

  held(process: string): readonly Capability[] {
    return this.#held.get(process) ?? [];
  }

  setExists(exists: (process: ProcessId) => boolean): void {
    this.#exists = exists;
  }

  onSend(listener: (request: ModuleRequest & { readonly id: U64 }) => void): void {
    this.#onSend = listener;
  }

  failGrants(): void {
    this.#grants = false;
  }

  #add(process: string, capability: Capability): void {
    this.#held.set(process, [...this.held(process), capability]);
  }

  #record(target: Address, id: U64, answer: Answer): void {
    const recorded = toHarnessAnswer(target, id, answer);
    this.answers.push(recorded);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.(recorded);
  }

  #createContext(): ModuleContext {
    const address = { node: this.our, process: this.#module.id };
    return {
      our: this.our,
      address,
      send: (request) => {
        const sent = { ...request, id: request.id ?? this.#nextId++ };
        this.sent.push(sent);
        this.#onSend(sent);
        return sent.id;
      },
      respond: (request: KernelMessage, answer) =>
        this.#record(request.rsvp ?? request.source, request.id, answer),
      respondTo: (target, id, answer) => this.#record(target, id, answer),
      holds: (process, capability) =>
        this.held(process).some((held) => identity(held) === identity(capability)),
      grant: async (process, capabilities) => {
        await Promise.resolve();
        if (!this.#grants) return false;
        for (const capability of capabilities) this.#add(process, capability);
        return true;
      },
      exists: (process) => this.#exists(process),
      print: (verbosity, text) => void this.prints.push({ verbosity, text }),
    };
  }
}

export function toHarnessAnswer(target: Address, id: U64, answer: Answer): HarnessAnswer {
  const text = decoder.decode(answer.body);
  return {
    target,
    id,
    body: answer.body,
    blob: answer.blob,
    metadata: answer.metadata,
    text,
    json: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
}

/** Body of a harness message in bytes. */
export function toBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return encoder.encode(typeof body === "string" ? body : JSON.stringify(body));
}

/** Blob of a harness message. */
export function toBlob(blob: HarnessMessage["blob"]): LazyLoadBlob | undefined {
  if (blob === undefined) return undefined;
  if (typeof blob === "string") return { mime: undefined, bytes: encoder.encode(blob) };
  return blob instanceof Uint8Array ? { mime: undefined, bytes: blob } : blob;
}

/** Issuer and JSON value: spacing and key order do not matter (§1.4). */
function identity(capability: Capability): string {
  return `${formatAddress(capability.issuer)} ${sorted(JSON.parse(capability.params))}`;
}

function sorted(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(sorted).join()}]`;
  if (typeof json !== "object" || json === null) return JSON.stringify(json);
  const entries = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${sorted(value)}`).join()}}`;
}
