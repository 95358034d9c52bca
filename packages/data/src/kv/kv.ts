/**
 * The runtime module `kv:distro:sys`.
 * Source: spec/runtime-modules.md §1 (envelope, queueing) and §3.
 * @module
 */
import { decodeVariant, encodeJson } from "@kinode-ts/codec/module-json";
import {
  type Awaitable,
  errorText,
  FD_MANAGER_PROCESS,
  type KernelMessage,
  KV_PROCESS,
  type ModuleContext,
  type ProcessId,
  type Random,
  type RuntimeModule,
  type SignedRequest,
  SourceQueues,
} from "@kinode-ts/types";
import { DataError, type DataFault, encodeError } from "../errors.ts";
import { type DataLimits, DEFAULT_DATA_LIMITS } from "../limits.ts";
import { OpenDatabases } from "../open-databases.ts";
import { type DataRequest, decodeDataRequest } from "../request.ts";
import { databaseCapability, mayUse, owns } from "../rights.ts";
import { Iterators } from "./iterators.ts";
import { type KvReply, OK, readKvAction } from "./kv-actions.ts";
import type { KvDatabase, KvStore } from "./kv-store.ts";
import { Transactions } from "./transactions.ts";

/** Powers and settings of the module. */
export interface KvOptions {
  readonly store: KvStore;
  readonly random: Random;
  readonly limits?: Partial<DataLimits>;
}

/** How errors of the storage engine are named on the wire, whatever the engine is. */
const ENGINE_ERROR = "RocksDBError";

export function createKv(options: KvOptions): RuntimeModule {
  return new KvModule(options);
}

class KvModule implements RuntimeModule {
  readonly id = KV_PROCESS;
  readonly #store: KvStore;
  readonly #limits: DataLimits;
  readonly #queues: SourceQueues;
  readonly #databases: OpenDatabases<KvDatabase>;
  readonly #transactions: Transactions;
  readonly #iterators: Iterators;
  #context: ModuleContext | undefined;

  constructor(options: KvOptions) {
    const limits = { ...DEFAULT_DATA_LIMITS, ...options.limits };
    this.#store = options.store;
    this.#limits = limits;
    this.#queues = new SourceQueues(limits.maxQueuedCount);
    this.#databases = new OpenDatabases(
      (key) => options.store.open(key),
      limits.initialOpenCount,
      () => this.#tellFdManager("FdsLimitHit"),
    );
    this.#transactions = new Transactions(options.random, limits);
    this.#iterators = new Iterators(limits);
  }

  start(context: ModuleContext): void {
    this.#context = context;
    this.#tellFdManager("RequestFdsLimit");
  }

  handle(message: KernelMessage): void {
    const context = this.#context!;
    const { source, message: request } = message;
    if (source.node !== context.our) {
      context.print(1, `kv: dropped a message from another node, ${source.node}`);
      return;
    }
    if (request.kind !== "request") return;
    if (source.process === FD_MANAGER_PROCESS && this.#takeFdsLimit(request)) return;
    if (!this.#queues.add(source.process, () => this.#serve(message, request))) {
      this.#refuse(message, { code: "data.engine", text: "too many requests are waiting" });
    }
  }

  processEnded(process: ProcessId): void {
    this.#transactions.drop(process);
    this.#iterators.drop(process);
  }

  async stop(): Promise<void> {
    await this.#queues.idle();
    this.#databases.closeAll();
  }

  #serve(message: KernelMessage, request: SignedRequest): Awaitable<void> {
    try {
      const decoded = decodeDataRequest(request.body);
      if (decoded === undefined) throw new DataError({ code: "data.malformed-request" });
      const reply = this.#perform(message, decoded);
      if (!(reply instanceof Promise)) return this.#answer(message, request, reply);
      return reply.then(
        (value) => this.#answer(message, request, value),
        (thrown: unknown) => this.#failed(message, thrown),
      );
    } catch (thrown) {
      this.#failed(message, thrown);
    }
  }

  #perform(message: KernelMessage, decoded: DataRequest): Awaitable<KvReply> {
    const process = message.source.process;
    if (decoded.action === "Open") return this.#open(process, decoded);
    if (decoded.action === "RemoveDb") return this.#remove(process, decoded);
    const action = readKvAction(decoded);
    if (!mayUse(this.#context!, process, action.needs, decoded.key)) {
      throw new DataError({
        code: action.needs === "read" ? "data.no-read-cap" : "data.no-write-cap",
      });
    }
    return action.perform({
      process,
      key: decoded.key,
      blob: message.blob,
      databases: this.#databases,
      transactions: this.#transactions,
      iterators: this.#iterators,
      limits: this.#limits,
    });
  }

  async #open(process: ProcessId, { key }: DataRequest): Promise<KvReply> {
    if (!owns(process, key)) throw new DataError({ code: "data.mismatching-package-id" });
    const context = this.#context!;
    const capabilities = (["read", "write"] as const).map((right) =>
      databaseCapability(context.address, right, key),
    );
    if (!(await context.grant(process, capabilities))) {
      throw new DataError({ code: "data.add-cap-failed" });
    }
    this.#databases.use(key);
    return OK;
  }

  #remove(process: ProcessId, { key }: DataRequest): KvReply {
    if (!owns(process, key)) throw new DataError({ code: "data.mismatching-package-id" });
    this.#databases.close(key);
    this.#store.remove(key);
    return OK;
  }

  /** §1.2: sent when somebody can receive it, with the request's metadata. */
  #answer(message: KernelMessage, request: SignedRequest, reply: KvReply): void {
    if (message.rsvp === undefined && request.expectsResponse === undefined) return;
    this.#context!.respond(message, { ...reply, metadata: request.metadata });
  }

  #failed(message: KernelMessage, thrown: unknown): void {
    if (thrown instanceof DataError) return this.#refuse(message, thrown.fault);
    this.#context!.print(0, `kv: internal fault: ${errorText(thrown)}`);
    this.#refuse(message, { code: "data.engine", text: "internal fault" });
  }

  /** Errors go out also when no response was expected (M56), never with metadata. */
  #refuse(message: KernelMessage, fault: DataFault): void {
    this.#context!.respond(message, { body: encodeError(fault, ENGINE_ERROR) });
  }

  #takeFdsLimit(request: SignedRequest): boolean {
    const [name, limit] = decodeVariant(request.body) ?? [];
    if (name !== "FdsLimit") return false;
    if (typeof limit === "number" && limit >= 0) this.#databases.setLimit(limit);
    return true;
  }

  #tellFdManager(body: "RequestFdsLimit" | "FdsLimitHit"): void {
    const context = this.#context!;
    const target = { node: context.our, process: FD_MANAGER_PROCESS };
    context.send({ target, body: encodeJson(body) });
  }
}
