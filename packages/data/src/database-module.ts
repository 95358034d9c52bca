/**
 * What the two database modules have in common: envelope, order, rights to open and remove, answers and refusals.
 * Source: spec/runtime-modules.md §1.2, §1.7, §3.2, §4.1.
 * @module
 */
import { decodeVariant, encodeJson } from "@kinode-ts/codec/module-json";
import {
  type Awaitable,
  errorText,
  FD_MANAGER_PROCESS,
  type KernelMessage,
  type LazyLoadBlob,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
  type SignedRequest,
  SourceQueues,
} from "@kinode-ts/types";
import { DataError, type DataFault, encodeError } from "./errors.ts";
import { assertUnit } from "./read-fields.ts";
import { type DatabaseKey, type DataRequest, decodeDataRequest } from "./request.ts";
import { databaseCapability, mayUse, owns, type Right } from "./rights.ts";

export interface DataReply {
  readonly body: Uint8Array;
  readonly blob?: LazyLoadBlob;
}

export const OK: DataReply = { body: encodeJson("Ok") };

/** A process from its first message to its end; one that is started again is another. */
export interface Caller {
  readonly ended: boolean;
}

/** One permitted action of a process on a database. */
export interface DataCall {
  readonly process: ProcessId;
  readonly key: DatabaseKey;
  readonly blob: LazyLoadBlob | undefined;
  readonly caller: Caller;
  /** Whether the process holds a right on this database. */
  may(right: Right): boolean;
}

/** An action that was read and waits for its rights to be checked. */
export interface DataAction {
  readonly needs: Right;
  perform(call: DataCall): Awaitable<DataReply>;
}

/** What differs between the modules. Failures are `DataError`s. */
export interface DatabaseService {
  readonly id: ProcessId;
  /** Under which name errors of the storage engine go out. */
  readonly engineErrorName: string;
  /** Reads an action other than `Open` and `RemoveDb`. @throws {DataError} `data.malformed-request` */
  readAction(request: DataRequest): DataAction;
  /** Makes sure that the database is there. */
  open(key: DatabaseKey, caller: Caller): Awaitable<void>;
  remove(key: DatabaseKey): Awaitable<void>;
  setOpenLimit(count: number): void;
  /** Waits until one more database may be open, and opens this one. */
  room(key: DatabaseKey): Awaitable<void>;
  processEnded(process: ProcessId): void;
  stop(): Awaitable<void>;
}

/** Files that an open database may keep open: pages and log, for the engine and for whoever flushes them. */
const DESCRIPTORS_PER_DATABASE = 4;

export interface DatabaseModule extends RuntimeModule {
  /** Tells fd-manager that databases had to be closed to open others. */
  tellPressure(): void;
}

export function createDatabaseModule(
  service: DatabaseService,
  maxQueuedCount: number,
): DatabaseModule {
  return new ServedDatabases(service, maxQueuedCount);
}

class ServedDatabases implements DatabaseModule {
  readonly id: ProcessId;
  readonly #service: DatabaseService;
  readonly #queues: SourceQueues;
  readonly #callers = new Map<ProcessId, { ended: boolean }>();
  #context: ModuleContext | undefined;

  constructor(service: DatabaseService, maxQueuedCount: number) {
    this.id = service.id;
    this.#service = service;
    this.#queues = new SourceQueues(maxQueuedCount);
  }

  start(context: ModuleContext): void {
    this.#context = context;
    this.#tellFdManager("RequestFdsLimit");
  }

  handle(message: KernelMessage): void {
    const context = this.#context!;
    const { source, message: request } = message;
    if (source.node !== context.our) {
      context.print(1, `${this.id}: dropped a message from another node, ${source.node}`);
      return;
    }
    if (request.kind !== "request") return;
    if (source.process === FD_MANAGER_PROCESS && this.#takeFdsLimit(request)) return;
    const caller = this.#callerOf(source.process);
    if (!this.#queues.add(source.process, () => this.#serve(message, request, caller))) {
      this.#refuse(message, { code: "data.engine", text: "too many requests are waiting" });
    }
  }

  processEnded(process: ProcessId): void {
    const caller = this.#callers.get(process);
    if (caller !== undefined) caller.ended = true;
    this.#callers.delete(process);
    this.#service.processEnded(process);
  }

  async stop(): Promise<void> {
    await this.#queues.idle();
    await this.#service.stop();
  }

  tellPressure(): void {
    this.#tellFdManager("FdsLimitHit");
  }

  #callerOf(process: ProcessId): Caller {
    let caller = this.#callers.get(process);
    if (caller === undefined) this.#callers.set(process, (caller = { ended: false }));
    return caller;
  }

  #serve(message: KernelMessage, request: SignedRequest, caller: Caller): Awaitable<void> {
    try {
      const decoded = decodeDataRequest(request.body);
      if (decoded === undefined) throw new DataError({ code: "data.malformed-request" });
      const reply = this.#perform(message, decoded, caller);
      if (!(reply instanceof Promise)) return this.#answer(message, request, reply);
      return reply.then(
        (value) => this.#answer(message, request, value),
        (thrown: unknown) => this.#failed(message, thrown),
      );
    } catch (thrown) {
      this.#failed(message, thrown);
    }
  }

  #perform(message: KernelMessage, decoded: DataRequest, caller: Caller): Awaitable<DataReply> {
    const process = message.source.process;
    const { key } = decoded;
    if (decoded.action === "Open" || decoded.action === "RemoveDb") {
      assertUnit(decoded.value);
      return decoded.action === "Open"
        ? this.#open(process, key, caller)
        : this.#remove(process, key);
    }
    const action = this.#service.readAction(decoded);
    const may = (right: Right): boolean => mayUse(this.#context!, process, right, key);
    if (!may(action.needs)) {
      const isRead = action.needs === "read";
      throw new DataError({ code: isRead ? "data.no-read-cap" : "data.no-write-cap" });
    }
    const perform = (): Awaitable<DataReply> =>
      action.perform({ process, key, blob: message.blob, caller, may });
    const room = this.#service.room(key);
    return room instanceof Promise ? room.then(perform) : perform();
  }

  async #open(process: ProcessId, key: DatabaseKey, caller: Caller): Promise<DataReply> {
    if (!owns(process, key)) throw new DataError({ code: "data.mismatching-package-id" });
    const context = this.#context!;
    const capabilities = (["read", "write"] as const).map((right) =>
      databaseCapability(context.address, right, key),
    );
    if (!(await context.grant(process, capabilities))) {
      throw new DataError({ code: "data.add-cap-failed" });
    }
    await this.#service.room(key);
    await this.#service.open(key, caller);
    return OK;
  }

  async #remove(process: ProcessId, key: DatabaseKey): Promise<DataReply> {
    if (!owns(process, key)) throw new DataError({ code: "data.mismatching-package-id" });
    await this.#service.remove(key);
    return OK;
  }

  /** §1.2: sent when somebody can receive it, with the request's metadata. */
  #answer(message: KernelMessage, request: SignedRequest, reply: DataReply): void {
    if (message.rsvp === undefined && request.expectsResponse === undefined) return;
    this.#context!.respond(message, { ...reply, metadata: request.metadata });
  }

  #failed(message: KernelMessage, thrown: unknown): void {
    if (thrown instanceof DataError) return this.#refuse(message, thrown.fault);
    this.#context!.print(0, `${this.id}: internal fault: ${errorText(thrown)}`);
    this.#refuse(message, { code: "data.engine", text: "internal fault" });
  }

  /** Errors go out also when no response was expected (M56), never with metadata. */
  #refuse(message: KernelMessage, fault: DataFault): void {
    this.#context!.respond(message, { body: encodeError(fault, this.#service.engineErrorName) });
  }

  #takeFdsLimit(request: SignedRequest): boolean {
    const [name, limit] = decodeVariant(request.body) ?? [];
    if (name !== "FdsLimit") return false;
    if (typeof limit === "number" && limit >= 0) {
      this.#service.setOpenLimit(Math.floor(limit / DESCRIPTORS_PER_DATABASE));
    }
    return true;
  }

  #tellFdManager(body: "RequestFdsLimit" | "FdsLimitHit"): void {
    const context = this.#context!;
    const target = { node: context.our, process: FD_MANAGER_PROCESS };
    context.send({ target, body: encodeJson(body) });
  }
}
