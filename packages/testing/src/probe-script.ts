/**
 * Scripts for the probe (guests/c/probe.c): a process in real WebAssembly that does what it is told in the
 * bodies of requests, so that every function of the WIT can be driven from a test.
 *
 * Format, little endian: `PRB1`, then operations, each a number from `OP` and its arguments.
 * bytes and text: u32 length, then the bytes; option: u8 0 or 1, then the value; list: u32 count, then the items.
 * address: u8 0 and node, process, package, publisher; 1: sender of the newest message; 2: the probe itself.
 * body: u8 0 and bytes; 1: the report so far; 2: the body of the newest message.
 * blob: u8 0 none; 1 and mime option, bytes; 2: what `get-blob` returns.
 * @module
 */
import {
  type Address,
  type Capability,
  type ProcessId,
  processIdParts,
  type U64,
} from "@kinode-ts/types";
import { ByteWriter } from "./byte-writer.ts";

/** Numbers of the operations; those below 32 are the functions of the WIT in the order of the specification. */
export const OP = {
  our: 1,
  print: 2,
  getOnExit: 3,
  setOnExit: 4,
  getState: 5,
  setState: 6,
  clearState: 7,
  spawn: 8,
  saveCapabilities: 9,
  dropCapabilities: 10,
  ourCapabilities: 11,
  receive: 12,
  hasBlob: 13,
  getBlob: 14,
  lastBlob: 15,
  sendRequest: 16,
  sendRequests: 17,
  sendResponse: 18,
  sendAndAwait: 19,
  report: 32,
  stderr: 33,
  trap: 34,
  exit: 35,
  return: 36,
  loop: 37,
  recurse: 38,
  grow: 39,
  repeat: 40,
  handler: 41,
  sleep: 42,
  note: 43,
  random: 44,
  clear: 45,
} as const;

export type ProbeAddress = Address | "sender" | "self";
export type ProbeBody = Uint8Array | string | { readonly from: "report" | "newest-message" };
export type ProbeBlob =
  | { readonly mime?: string | undefined; readonly bytes: Uint8Array | string }
  | { readonly from: "get-blob" };

export interface ProbeRequest {
  readonly target: ProbeAddress;
  readonly body?: ProbeBody;
  readonly inherit?: boolean;
  /** Seconds. */
  readonly expectsResponse?: U64;
  readonly metadata?: string;
  readonly capabilities?: readonly Capability[];
  readonly context?: Uint8Array | string;
  readonly blob?: ProbeBlob;
}

export type ProbeOnExit = "none" | "restart" | readonly ProbeRequest[];

export interface ProbeSpawn {
  readonly name?: string;
  readonly wasmPath: string;
  readonly onExit?: ProbeOnExit;
  readonly requestCapabilities?: readonly Capability[];
  /** Before 1.0.0 the interface has no `params`: they are left out. */
  readonly grantCapabilities?: readonly { readonly process: ProcessId; readonly params: string }[];
  readonly public?: boolean;
}

/** Builds one script; every method appends an operation and returns the builder. */
export class ProbeScript {
  readonly #out = new ByteWriter();

  /** The finished script: the body of a request to the probe. */
  bytes(): Uint8Array {
    return this.#out.bytes("PRB1");
  }

  our(): this {
    return this.#op(OP.our);
  }
  print(verbosity: number, text: string): this {
    this.#op(OP.print).#out.u8(verbosity).text(text);
    return this;
  }
  getOnExit(): this {
    return this.#op(OP.getOnExit);
  }
  setOnExit(onExit: ProbeOnExit): this {
    this.#op(OP.setOnExit).#onExit(onExit);
    return this;
  }
  getState(): this {
    return this.#op(OP.getState);
  }
  setState(bytes: Uint8Array | string): this {
    this.#op(OP.setState).#out.text(bytes);
    return this;
  }
  clearState(): this {
    return this.#op(OP.clearState);
  }
  spawn(spawn: ProbeSpawn): this {
    this.#op(OP.spawn).#out.option(spawn.name).text(spawn.wasmPath);
    this.#onExit(spawn.onExit ?? "none");
    this.#capabilities(spawn.requestCapabilities);
    const grants = spawn.grantCapabilities ?? [];
    this.#out.u32(grants.length);
    for (const { process, params } of grants) this.#process(process).#out.text(params);
    this.#out.flag(spawn.public ?? false);
    return this;
  }
  saveCapabilities(capabilities: readonly Capability[]): this {
    return this.#op(OP.saveCapabilities).#capabilities(capabilities);
  }
  dropCapabilities(capabilities: readonly Capability[]): this {
    return this.#op(OP.dropCapabilities).#capabilities(capabilities);
  }
  ourCapabilities(): this {
    return this.#op(OP.ourCapabilities);
  }
  /** Waits for one message and reports it; a script that arrives here is reported, not run. */
  receive(): this {
    return this.#op(OP.receive);
  }
  hasBlob(): this {
    return this.#op(OP.hasBlob);
  }
  getBlob(): this {
    return this.#op(OP.getBlob);
  }
  lastBlob(): this {
    return this.#op(OP.lastBlob);
  }
  sendRequest(request: ProbeRequest): this {
    this.#op(OP.sendRequest).#outgoing(request);
    return this;
  }
  sendRequests(requests: readonly ProbeRequest[]): this {
    this.#op(OP.sendRequests).#out.u32(requests.length);
    for (const request of requests) this.#outgoing(request);
    return this;
  }
  sendResponse(response: Omit<ProbeRequest, "target" | "expectsResponse" | "context"> = {}): this {
    this.#op(OP.sendResponse).#out.flag(response.inherit ?? false);
    this.#body(response.body);
    this.#out.option(response.metadata);
    this.#capabilities(response.capabilities).#blob(response.blob);
    return this;
  }
  sendAndAwait(request: ProbeRequest): this {
    this.#op(OP.sendAndAwait).#address(request.target).#request(request).#blob(request.blob);
    return this;
  }

  /** Sends what was reported so far as the body of a request that expects no response, and starts anew. */
  report(to: ProbeAddress = "sender"): this {
    return this.#op(OP.report).#address(to);
  }
  /** Forgets what was reported so far. */
  clear(): this {
    return this.#op(OP.clear);
  }
  /** Adds a mark to the report. */
  note(text: string): this {
    this.#op(OP.note).#out.text(text);
    return this;
  }
  stderr(text: string): this {
    this.#op(OP.stderr).#out.text(text);
    return this;
  }
  trap(): this {
    return this.#op(OP.trap);
  }
  exit(code: number): this {
    this.#op(OP.exit).#out.u32(code);
    return this;
  }
  /** Returns from `init` after this operation. */
  return(): this {
    return this.#op(OP.return);
  }
  /** Computes for ever. */
  loop(): this {
    return this.#op(OP.loop);
  }
  /** Calls itself until the stack is used up. */
  recurse(): this {
    return this.#op(OP.recurse);
  }
  /** Asks for more memory, in pages of 64 KiB, and reports the answer. */
  grow(pages: number): this {
    this.#op(OP.grow).#out.u32(pages);
    return this;
  }
  repeat(times: number, script: ProbeScript): this {
    this.#op(OP.repeat).#out.u32(times).text(script.#out.bytes());
    return this;
  }
  /** Runs `script` from now on after each message of this kind that is no script itself. */
  on(kind: "request" | "response" | "send-error", script: ProbeScript): this {
    const number = { request: 0, response: 1, "send-error": 2 }[kind];
    this.#op(OP.handler).#out.u8(number).text(script.#out.bytes());
    return this;
  }
  /** Sleeps through WASI's `poll_oneoff`. */
  sleep(milliseconds: number): this {
    this.#op(OP.sleep).#out.u32(milliseconds);
    return this;
  }
  /** Reports 16 bytes of WASI's randomness. */
  random(): this {
    return this.#op(OP.random);
  }

  #op(number: number): this {
    this.#out.u8(number);
    return this;
  }

  #process(process: ProcessId): this {
    const { processName, packageName, publisherNode } = processIdParts(process);
    this.#out.text(processName).text(packageName).text(publisherNode);
    return this;
  }

  #address(address: ProbeAddress): this {
    if (address === "sender") this.#out.u8(1);
    else if (address === "self") this.#out.u8(2);
    else {
      this.#out.u8(0).text(address.node);
      this.#process(address.process);
    }
    return this;
  }

  #body(body: ProbeBody = ""): void {
    if (typeof body === "string" || body instanceof Uint8Array) this.#out.u8(0).text(body);
    else this.#out.u8(body.from === "report" ? 1 : 2);
  }

  #blob(blob: ProbeBlob | undefined): void {
    if (blob === undefined) this.#out.u8(0);
    else if ("from" in blob) this.#out.u8(2);
    else this.#out.u8(1).option(blob.mime).text(blob.bytes);
  }

  #capabilities(capabilities: readonly Capability[] = []): this {
    this.#out.u32(capabilities.length);
    for (const { issuer, params } of capabilities) this.#address(issuer).#out.text(params);
    return this;
  }

  #request(request: ProbeRequest): this {
    this.#out.flag(request.inherit ?? false).flag(request.expectsResponse !== undefined);
    if (request.expectsResponse !== undefined) this.#out.u64(BigInt(request.expectsResponse));
    this.#body(request.body);
    this.#out.option(request.metadata);
    return this.#capabilities(request.capabilities);
  }

  #outgoing(request: ProbeRequest): void {
    this.#address(request.target).#request(request);
    this.#out.option(request.context);
    this.#blob(request.blob);
  }

  #onExit(onExit: ProbeOnExit): void {
    if (typeof onExit === "string") {
      this.#out.u8(onExit === "none" ? 0 : 1);
      return;
    }
    this.#out.u8(2).u32(onExit.length);
    for (const request of onExit) {
      this.#address(request.target).#request(request).#blob(request.blob);
    }
  }
}

/** Starts an empty script. */
export const probeScript = (): ProbeScript => new ProbeScript();
