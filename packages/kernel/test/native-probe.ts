/**
 * The probe of `@kinode-ts/testing/probe` as a native process: the same scripts drive it and its WebAssembly twin, so
 * every scenario can run with both.
 * @module
 */
import {
  type Address,
  type Capability,
  type Delivery,
  formatProcessId,
  type LazyLoadBlob,
  type OnExit,
  type OutgoingRequest,
  type Request,
  toU64,
} from "@kinode-ts/types";
import { OP, type ProbeRecord } from "@kinode-ts/testing/probe";
import type { NativeMain, NativeProcess } from "../src/native-process.ts";

const decoder = new TextDecoder();
const MAGIC = "PRB1";

/** Reports travel as the number of an entry here: no need to write and read them as bytes. */
const reports: ProbeRecord[][] = [];

/** What a native probe reported. */
export function decodeNativeReport(body: Uint8Array): ProbeRecord[] {
  return reports[Number(decoder.decode(body))] ?? [];
}

class ScriptReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }
  u8(): number {
    return this.#view.getUint8(this.#at++);
  }
  flag(): boolean {
    return this.u8() !== 0;
  }
  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }
  u64(): bigint {
    this.#at += 8;
    return this.#view.getBigUint64(this.#at - 8, true);
  }
  bytes(): Uint8Array {
    const length = this.u32();
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }
  text(): string {
    return decoder.decode(this.bytes());
  }
  option<T>(read: () => T): T | undefined {
    return this.flag() ? read() : undefined;
  }
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }
}

class Returned extends Error {}

class Probe {
  readonly #process: NativeProcess;
  #records: ProbeRecord[] = [];
  #handlers: Uint8Array[] = [];
  #lastSource: Address;
  #lastBody: Uint8Array = new Uint8Array(0);

  constructor(process: NativeProcess) {
    this.#process = process;
    this.#lastSource = process.host.our;
  }

  async turn(): Promise<void> {
    const delivery = await this.#process.receive();
    const script = scriptIn(delivery);
    if (script !== undefined) {
      this.#lastSource = script.source;
      await this.#run(script.message.body.subarray(MAGIC.length));
      return;
    }
    this.#note(delivery);
    const kind =
      delivery.kind === "send-error" ? 2 : { request: 0, response: 1 }[delivery.message.kind];
    await this.#run(this.#handlers[kind] ?? new Uint8Array(0));
  }

  #note(delivery: Delivery): void {
    if (delivery.kind === "message") {
      this.#lastSource = delivery.source;
      this.#lastBody = delivery.message.body;
    }
    this.#records.push({ op: "receive", delivery });
  }

  async #run(script: Uint8Array): Promise<void> {
    const input = new ScriptReader(script);
    while (!input.done) await this.#step(input.u8(), input);
  }

  async #step(op: number, input: ScriptReader): Promise<void> {
    const { host } = this.#process;
    const records = this.#records;
    switch (op) {
      case OP.our:
        records.push({ op: "our", address: host.our });
        return;
      case OP.print:
        host.print(input.u8(), input.text());
        return;
      case OP.getOnExit:
        records.push({ op: "get-on-exit", onExit: host.getOnExit() });
        return;
      case OP.setOnExit:
        host.setOnExit(this.#onExit(input));
        return;
      case OP.getState:
        records.push({ op: "get-state", bytes: await host.getState() });
        return;
      case OP.setState:
        await host.setState(input.bytes());
        return;
      case OP.clearState:
        await host.clearState();
        return;
      case OP.spawn:
        await this.#spawn(input);
        return;
      case OP.saveCapabilities:
        await host.saveCapabilities(this.#capabilities(input));
        return;
      case OP.dropCapabilities:
        await host.dropCapabilities(this.#capabilities(input));
        return;
      case OP.ourCapabilities:
        records.push({ op: "our-capabilities", capabilities: host.ourCapabilities() });
        return;
      case OP.receive:
        this.#note(await this.#process.receive());
        return;
      case OP.hasBlob:
        records.push({ op: "has-blob", has: host.hasBlob() });
        return;
      case OP.getBlob:
        records.push({ op: "get-blob", blob: host.getBlob() });
        return;
      case OP.lastBlob:
        records.push({ op: "last-blob", blob: host.lastBlob() });
        return;
      case OP.sendRequest: {
        const { target, request, context, blob } = this.#outgoing(input);
        await host.sendRequest(target, request, context, blob);
        return;
      }
      case OP.sendRequests:
        await host.sendRequests(input.list(() => this.#outgoing(input)));
        return;
      case OP.sendResponse:
        await this.#respond(input);
        return;
      case OP.sendAndAwait: {
        const target = this.#address(input);
        const request = this.#request(input);
        const delivery = await this.#process.awaitResponse(target, request, this.#blob(input));
        records.push({ op: "send-and-await", delivery });
        return;
      }
      case OP.report:
        await this.#report(this.#address(input));
        return;
      case OP.trap:
        throw new Error("unreachable");
      case OP.return:
        throw new Returned();
      case OP.repeat: {
        const times = input.u32();
        const script = input.bytes();
        for (let count = 0; count < times; count++) await this.#run(script);
        return;
      }
      case OP.handler: {
        const kind = input.u8();
        this.#handlers[kind] = input.bytes();
        return;
      }
      case OP.note:
        records.push({ op: "note", text: input.text() });
        return;
      case OP.clear:
        this.#records = [];
        return;
      default:
        throw new Error(`The native probe has no operation ${op}`);
    }
  }

  async #report(target: Address): Promise<void> {
    const body = new TextEncoder().encode(String(reports.push(this.#records) - 1));
    this.#records = [];
    await this.#process.host.sendRequest(target, plain(body), undefined, undefined);
  }

  async #respond(input: ScriptReader): Promise<void> {
    const inherit = input.flag();
    const body = this.#body(input);
    const metadata = input.option(() => input.text());
    const capabilities = this.#capabilities(input);
    const response = { kind: "response", inherit, body, metadata, capabilities } as const;
    await this.#process.host.sendResponse(response, this.#blob(input));
  }

  async #spawn(input: ScriptReader): Promise<void> {
    const name = input.option(() => input.text());
    const wasmPath = input.text();
    const onExit = this.#onExit(input);
    const requestCapabilities = this.#capabilities(input);
    const grantCapabilities = input.list(() => {
      const process = this.#processId(input);
      return { process, params: input.text() };
    });
    const result = await this.#process.host.spawn({
      name,
      wasmPath,
      onExit,
      requestCapabilities,
      grantCapabilities,
      public: input.flag(),
    });
    this.#records.push({
      op: "spawn",
      result: result.ok ? { ok: true, process: result.value } : result,
    });
  }

  #processId(input: ScriptReader) {
    const [processName, packageName, publisherNode] = [input.text(), input.text(), input.text()];
    return formatProcessId({ processName, packageName, publisherNode });
  }

  #address(input: ScriptReader): Address {
    const kind = input.u8();
    if (kind === 1) return this.#lastSource;
    if (kind === 2) return this.#process.host.our;
    const node = input.text();
    return { node, process: this.#processId(input) };
  }

  #body(input: ScriptReader): Uint8Array {
    const kind = input.u8();
    if (kind === 1) throw new Error("The native probe sends its report by `report` only");
    return kind === 2 ? this.#lastBody : input.bytes();
  }

  #capabilities(input: ScriptReader): Capability[] {
    return input.list(() => {
      const issuer = this.#address(input);
      return { issuer, params: input.text() };
    });
  }

  #blob(input: ScriptReader): LazyLoadBlob | undefined {
    const kind = input.u8();
    if (kind === 0) return undefined;
    if (kind === 2) return this.#process.host.getBlob();
    const mime = input.option(() => input.text());
    return { mime, bytes: input.bytes() };
  }

  #request(input: ScriptReader): Request {
    const inherit = input.flag();
    const expectsResponse = input.option(() => toU64(input.u64()));
    const body = this.#body(input);
    const metadata = input.option(() => input.text());
    const capabilities = this.#capabilities(input);
    return { kind: "request", inherit, expectsResponse, body, metadata, capabilities };
  }

  #outgoing(input: ScriptReader): OutgoingRequest {
    const target = this.#address(input);
    const request = this.#request(input);
    const context = input.option(() => input.bytes());
    return { target, request, context, blob: this.#blob(input) };
  }

  #onExit(input: ScriptReader): OnExit {
    const tag = input.u8();
    if (tag < 2) return { kind: tag === 0 ? "none" : "restart" };
    const requests = input.list(() => {
      const target = this.#address(input);
      const request = this.#request(input);
      return { target, request, blob: this.#blob(input) };
    });
    return { kind: "requests", requests };
  }
}

/** A request without anything around it. */
export function plain(body: Uint8Array): Request {
  return {
    kind: "request",
    inherit: false,
    expectsResponse: undefined,
    body,
    metadata: undefined,
    capabilities: [],
  };
}

function scriptIn(delivery: Delivery): Extract<Delivery, { kind: "message" }> | undefined {
  if (delivery.kind !== "message" || delivery.message.kind !== "request") return undefined;
  const head = decoder.decode(delivery.message.body.subarray(0, MAGIC.length));
  return head === MAGIC ? delivery : undefined;
}

export const probeMain: NativeMain = async (process) => {
  const probe = new Probe(process);
  try {
    for (;;) await probe.turn();
  } catch (thrown) {
    if (!(thrown instanceof Returned)) throw thrown;
  }
};
