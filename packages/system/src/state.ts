/**
 * The runtime module `state:distro:sys`: what processes keep, by message.
 * Only the kernel, system modules and the terminal may use it; everyone else has the kernel's own calls.
 * Source: spec/runtime-modules.md §8.
 * @module
 */
import {
  errorText,
  isProcessId,
  KERNEL_PROCESS,
  packageOf,
  STATE_PROCESS,
  type Answer,
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
  type SignedRequest,
  type Store,
  type StoreChange,
} from "@kinode-ts/types";
import { decodeVariant, encodeJson } from "@kinode-ts/codec/module-json";
import { DEFAULT_SYSTEM_LIMITS, type SystemLimits } from "./limits.ts";

export interface StateOptions {
  readonly store: Pick<Store, "state">;
  /** Puts changes in the node's one order of commits; settles when they are durable. */
  readonly commit: (changes: readonly StoreChange[]) => Promise<void>;
  /** Replaces the node's backup of its records. */
  readonly backup: () => Promise<void>;
  readonly limits?: Partial<SystemLimits>;
}

const ALLOWED_PACKAGES: ReadonlySet<string> = new Set(["distro:sys", "terminal:sys"]);

export function createState(options: StateOptions): RuntimeModule {
  return new StateModule(options);
}

type StateAction =
  | { readonly kind: "GetState" | "SetState" | "DeleteState"; readonly process: ProcessId }
  | { readonly kind: "Backup" };

class StateModule implements RuntimeModule {
  readonly id = STATE_PROCESS;
  readonly #options: StateOptions;
  readonly #limits: SystemLimits;
  /** Requests of each source that wait or run. */
  readonly #counts = new Map<ProcessId, number>();
  /** Last work of each source: its next request waits for it (§1.7). */
  readonly #tails = new Map<ProcessId, Promise<void>>();
  #context: ModuleContext | undefined;

  constructor(options: StateOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_SYSTEM_LIMITS, ...options.limits };
  }

  start(context: ModuleContext): void {
    this.#context = context;
  }

  handle(message: KernelMessage): void {
    if (!this.#mayUse(message)) return;
    const source = message.source.process;
    const count = this.#counts.get(source) ?? 0;
    if (count > this.#limits.maxQueuedStateRequestsCount) {
      const error = `${count} requests of ${source} are waiting`;
      this.#fail(message, { IOError: { error } });
      return;
    }
    this.#counts.set(source, count + 1);
    const before = this.#tails.get(source);
    const work =
      before === undefined ? this.#serve(message) : before.then(() => this.#serve(message));
    this.#tails.set(source, work);
    void work.then(() => {
      if (this.#tails.get(source) === work) {
        this.#tails.delete(source);
        this.#counts.delete(source);
      } else this.#counts.set(source, this.#counts.get(source)! - 1);
    });
  }

  async stop(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }

  #mayUse({ source }: KernelMessage): boolean {
    if (source.node === this.#context!.our) {
      if (source.process === KERNEL_PROCESS) return true;
      if (ALLOWED_PACKAGES.has(packageOf(source.process))) return true;
    }
    this.#context!.print(1, `state: dropped a message from ${source.node}@${source.process}`);
    return false;
  }

  /** Never rejects. */
  async #serve(message: KernelMessage): Promise<void> {
    const request = message.message;
    if (request.kind !== "request") {
      this.#fail(message, { BadRequest: { error: "not a request" } });
      return;
    }
    const action = decodeAction(request.body);
    if (action === undefined) {
      const error = "expected GetState, SetState, DeleteState with a process id, or Backup";
      this.#fail(message, { BadJson: { error } });
      return;
    }
    try {
      await this.#act(message, request, action);
    } catch (error) {
      const name = action.kind === "Backup" ? "BackupCheckpointCreate" : action.kind;
      this.#fail(message, { RocksDBError: { action: name, error: errorText(error) } });
    }
  }

  async #act(message: KernelMessage, request: SignedRequest, action: StateAction): Promise<void> {
    const { store, commit, backup } = this.#options;
    switch (action.kind) {
      case "GetState": {
        const bytes = await store.state(action.process);
        if (bytes === undefined) {
          this.#fail(message, { NotFound: { process_id: action.process } });
          return;
        }
        const blob = { mime: "application/octet-stream", bytes };
        this.#answer(message, request, { body: encodeJson("GetState"), blob });
        return;
      }
      case "SetState":
        if (!this.#checkBlob(message)) return;
        await commit([{ kind: "put-state", process: action.process, bytes: message.blob!.bytes }]);
        break;
      case "DeleteState":
        await commit([{ kind: "delete-state", process: action.process }]);
        break;
      case "Backup":
        await backup();
        break;
    }
    this.#answer(message, request, { body: encodeJson(action.kind) });
  }

  #checkBlob(message: KernelMessage): boolean {
    const maxBytes = this.#limits.maxStateBytes;
    if (message.blob === undefined) {
      this.#fail(message, { BadBytes: { action: "SetState" } });
      return false;
    }
    if (message.blob.bytes.length <= maxBytes) return true;
    const error = `state of ${message.blob.bytes.length} bytes, at most ${maxBytes} are kept`;
    this.#fail(message, { IOError: { error } });
    return false;
  }

  #answer(message: KernelMessage, request: SignedRequest, answer: Answer): void {
    if (message.rsvp === undefined && request.expectsResponse === undefined) return;
    this.#context!.respond(message, { ...answer, metadata: request.metadata });
  }

  /** Errors are answered in any case and carry no metadata (§1.2). */
  #fail(message: KernelMessage, error: unknown): void {
    this.#context!.respond(message, { body: encodeJson({ Err: error }) });
  }
}

function decodeAction(body: Uint8Array): StateAction | undefined {
  const [kind, value] = decodeVariant(body) ?? [];
  switch (kind) {
    case "GetState":
    case "SetState":
    case "DeleteState":
      return typeof value === "string" && isProcessId(value) ? { kind, process: value } : undefined;
    case "Backup":
      return value === null ? { kind } : undefined;
    default:
      return undefined;
  }
}
