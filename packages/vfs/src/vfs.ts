/**
 * The runtime module `vfs:distro:sys`.
 * Source: spec/runtime-modules.md §1 (envelope, queueing) and §2.
 * @module
 */
import {
  errorText,
  FD_MANAGER_PROCESS,
  SourceQueues,
  VFS_PROCESS,
  type Awaitable,
  type DiskAccounts,
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
  type SignedRequest,
  type U64,
} from "@kinode-ts/types";
import { decodeIntegerJson } from "@kinode-ts/codec/integer-json";
import { decodeVfsRequest, type VfsRequest } from "./actions.ts";
import { ObservedDisk } from "./observed-disk.ts";
import { parseVfsPath } from "./paths.ts";
import { mayUse } from "./permissions.ts";
import { Watches } from "./watches.ts";
import type { DiskFolder, Sha256 } from "./disk.ts";
import { ioError, VfsError, type VfsFault } from "./errors.ts";
import type { FileContext } from "./file-actions.ts";
import { FileLocks } from "./file-locks.ts";
import { HandleCache } from "./handle-cache.ts";
import { createHostFiles, type VfsFiles } from "./host-files.ts";
import { DEFAULT_VFS_LIMITS, type VfsLimits } from "./limits.ts";
import { PackageDisk } from "./package-disk.ts";
import { perform, type PerformContext } from "./perform.ts";
import { errorReply, type VfsReply } from "./replies.ts";
import { Spaces } from "./space.ts";
import type { OpenZip } from "./zip.ts";

/** Powers and settings of the module. */
export interface VfsOptions {
  readonly disk: DiskFolder;
  readonly openZip: OpenZip;
  readonly createSha256: () => Sha256;
  readonly limits?: Partial<VfsLimits>;
  /** Default: everything fits. */
  readonly accounts?: DiskAccounts;
}

/** The module, and the drives as the node itself uses them. */
export interface Vfs extends RuntimeModule {
  readonly files: VfsFiles;
  /** Whether a process may read at this path now; false for what is no path. */
  mayRead(process: ProcessId, path: string): boolean;
}

export function createVfs(options: VfsOptions): Vfs {
  return new VfsModule(options);
}

/** Accounts without limits, of files alone. */
function countingDisk(disk: DiskFolder): DiskAccounts {
  return new PackageDisk({ count: async (owner) => disk.treeBytes(owner), owners: async () => [] });
}

const FDS_LIMIT_HIT = new TextEncoder().encode('"FdsLimitHit"');
const REQUEST_FDS_LIMIT = new TextEncoder().encode('"RequestFdsLimit"');

class VfsModule implements Vfs {
  readonly id = VFS_PROCESS;
  readonly files: VfsFiles;
  readonly #options: VfsOptions;
  readonly #locks = new FileLocks();
  readonly #queues: SourceQueues;
  readonly #files: FileContext;
  readonly #watches: Watches;
  #context: ModuleContext | undefined;
  #perform: PerformContext | undefined;

  constructor(options: VfsOptions) {
    const limits = { ...DEFAULT_VFS_LIMITS, ...options.limits };
    this.#watches = new Watches(
      {
        send: (process, body) => this.#tellWatcher(process, body, limits.watch.answerSeconds),
        mayRead: (process, path) => mayUse(this.#started(), process, "read", path),
        look: (path, recursive) => disk.lookForChanges(path, recursive),
      },
      limits.watch,
    );
    const disk = new ObservedDisk(options.disk, this.#watches);
    const handles = new HandleCache({
      disk,
      locks: this.#locks,
      limit: limits.initialHandleCount,
      maxRememberedCursorCount: limits.maxRememberedCursorCount,
      onPressure: () => this.#tellFdManager(FDS_LIMIT_HIT),
    });
    this.#options = options;
    this.#queues = new SourceQueues(limits.maxQueuedCount);
    const { createSha256 } = options;
    const spaces = new Spaces(options.accounts ?? countingDisk(disk));
    this.#files = { disk, createSha256, handles, limits, spaces };
    this.files = createHostFiles(this.#files, this.#locks);
  }

  start(context: ModuleContext): void {
    this.#context = context;
    this.#perform = {
      files: this.#files,
      zips: {
        disk: this.#files.disk,
        openZip: this.#options.openZip,
        limits: this.#files.limits.zip,
      },
      locks: this.#locks,
      watches: this.#watches,
      view: context,
      grant: (process, capabilities) => context.grant(process, capabilities),
    };
    this.#tellFdManager(REQUEST_FDS_LIMIT);
  }

  mayRead(process: ProcessId, text: string): boolean {
    const path = parseVfsPath(text);
    return path !== undefined && mayUse(this.#started(), process, "read", path);
  }

  handle(message: KernelMessage): void {
    const context = this.#started();
    const { source, message: request } = message;
    if (source.node !== context.our) {
      context.print(1, `vfs: dropped a message from another node, ${source.node}`);
      return;
    }
    if (request.kind !== "request") {
      this.#watches.answered(message.id);
      return;
    }
    if (source.process === FD_MANAGER_PROCESS && this.#takeFdsLimit(request)) return;
    if (!this.#queues.add(source.process, () => this.#serve(message, request))) {
      this.#refuse(message, request, ioError("EAGAIN").fault);
    }
  }

  sendError(message: KernelMessage): void {
    this.#watches.answered(message.id);
  }

  processEnded(process: ProcessId): void {
    this.#watches.removeAll(process);
  }

  async stop(): Promise<void> {
    this.#watches.clear();
    await this.#queues.idle();
    await this.#locks.idle();
    this.#files.handles.closeAll();
  }

  #serve(message: KernelMessage, request: SignedRequest): Awaitable<void> {
    const decoded = decodeVfsRequest(request.body);
    try {
      if (decoded === undefined) throw new VfsError({ code: "vfs.malformed-request" });
      const call = { source: message.source.process, request: decoded, blob: message.blob };
      const reply = perform(this.#perform!, call);
      if (!(reply instanceof Promise)) return this.#answer(message, request, decoded, reply);
      return reply.then(
        (value) => this.#answer(message, request, decoded, value),
        (error: unknown) => this.#failed(message, request, error),
      );
    } catch (error) {
      this.#failed(message, request, error);
    }
  }

  /** §1.2: sent when somebody can receive it, with the request's metadata; the root listing always, to the source. */
  #answer(
    message: KernelMessage,
    request: SignedRequest,
    decoded: VfsRequest,
    reply: VfsReply,
  ): void {
    const answer = { ...reply, metadata: request.metadata };
    if (decoded.action.kind === "ReadDir" && decoded.path === "/") {
      this.#context!.respondTo(message.source, message.id, answer);
    } else if (message.rsvp !== undefined || request.expectsResponse !== undefined) {
      this.#context!.respond(message, answer);
    }
  }

  #failed(message: KernelMessage, request: SignedRequest, error: unknown): void {
    if (error instanceof VfsError) {
      this.#refuse(message, request, error.fault);
      return;
    }
    this.#context!.print(0, `vfs: internal fault: ${errorText(error)}`);
    this.#refuse(message, request, ioError("EIO").fault);
  }

  /** Errors go also to an inherited rsvp (§2.9 row 12), never with metadata. */
  #refuse(message: KernelMessage, request: SignedRequest, fault: VfsFault): void {
    if (request.expectsResponse === undefined && message.rsvp === undefined) return;
    this.#context!.respond(message, errorReply(fault));
  }

  #takeFdsLimit(request: SignedRequest): boolean {
    let json: unknown;
    try {
      json = decodeIntegerJson(request.body);
    } catch {
      return false;
    }
    if (typeof json !== "object" || json === null || !("FdsLimit" in json)) return false;
    const limit = json.FdsLimit;
    if (typeof limit === "number" && limit >= 0) this.#files.handles.setLimit(limit);
    return true;
  }

  #tellWatcher(process: ProcessId, body: Uint8Array, seconds: number): U64 {
    const { our, send } = this.#started();
    return send({ target: { node: our, process }, body, expectsResponse: seconds });
  }

  #tellFdManager(body: Uint8Array): void {
    const context = this.#context;
    if (context === undefined) return;
    context.send({ target: { node: context.our, process: FD_MANAGER_PROCESS }, body });
  }

  #started(): ModuleContext {
    if (this.#context === undefined) throw new TypeError("The vfs module was not started");
    return this.#context;
  }
}
