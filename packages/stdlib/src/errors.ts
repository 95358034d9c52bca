/**
 * Errors a process can meet, as classes. `code` is the name of the case as the wire has it
 * (spec/packages-and-tools.md §25, first paragraph).
 * @module
 */
import type { GuestSendError, SendErrorKind } from "@kinode-ts/types";
import { KinodeError } from "@kinode-ts/types";
import type { LazyLoadBlob } from "./blob.ts";
import { decodeUtf8 } from "./utf8.ts";

type SendFault = { readonly code: "Offline" | "Timeout"; readonly target: string };

/** A request that could not be delivered or was not answered in time. */
export class SendError extends KinodeError<SendFault> {
  override name = "SendError";
  readonly kind: SendErrorKind;
  /** Where the request was sent to. */
  readonly target: string;
  /** Body of the request that failed. */
  readonly body: Uint8Array;
  readonly blob: LazyLoadBlob | undefined;
  /** What was given as `context` when the request was sent. */
  readonly context: Uint8Array | undefined;

  constructor(failed: GuestSendError, context: Uint8Array | undefined) {
    const offline = failed.error === "offline";
    super(
      { code: offline ? "Offline" : "Timeout", target: failed.target },
      offline
        ? `The node of "${failed.target}" cannot be reached`
        : `"${failed.target}" did not answer in time`,
      offline
        ? {}
        : { hint: "Either it is slow or gone, or messaging it, or its answer, was not permitted" },
    );
    this.kind = failed.error;
    this.target = failed.target;
    this.body = failed.body;
    this.blob = failed.blob;
    this.context = context;
  }

  /** The node cannot be reached. */
  get isOffline(): boolean {
    return this.kind === "offline";
  }

  /** No answer came in time, or messaging was not permitted. */
  get isTimeout(): boolean {
    return this.kind === "timeout";
  }

  /** Body of the request that failed, as text. */
  text(): string {
    return decodeUtf8(this.body);
  }
}

type BuildFault = { readonly code: "NoBody" | "NoTarget" };

/** A request or response without one of its mandatory parts. */
export class BuildError extends KinodeError<BuildFault> {
  override name = "BuildError";
  constructor(fault: BuildFault) {
    super(
      fault,
      fault.code === "NoBody" ? "The message has no body" : "The request has no target",
      { hint: fault.code === "NoBody" ? "Call body(…)" : "Call target(…)" },
    );
  }
}

type SpawnFault = { readonly code: "NameTaken" | "NoFileAtPath"; readonly entry: string };

/** `spawn` refused. */
export class SpawnError extends KinodeError<SpawnFault> {
  override name = "SpawnError";
  constructor(fault: SpawnFault) {
    super(
      fault,
      fault.code === "NameTaken"
        ? `Cannot spawn "${fault.entry}": a process of that name is running`
        : `Cannot spawn "${fault.entry}": it cannot be read as a program`,
      fault.code === "NameTaken"
        ? {}
        : { hint: "Check the path, and that this process may message vfs:distro:sys" },
    );
  }
}

type BlobFault = { readonly code: "BlobGone" };

/** A blob was asked for after it had been passed on with `inherit` and newer messages had come. */
export class BlobGoneError extends KinodeError<BlobFault> {
  override name = "BlobGoneError";
  constructor() {
    super({ code: "BlobGone" }, "The blob of this message is no longer there", {
      hint: "Call blob() before forwarding it with inherit",
    });
  }
}

type InheritFault = { readonly code: "InheritGone" };

/** A request was to be passed on with `inherit` after the kernel had moved on for good. */
export class InheritError extends KinodeError<InheritFault> {
  override name = "InheritError";
  constructor() {
    super({ code: "InheritGone" }, "The request to inherit from can no longer be passed on", {
      hint: "Send with inherit before answering it, or call answerLater() on it first",
    });
  }
}
