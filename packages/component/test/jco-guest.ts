/**
 * Runs a component through jco's generated bindings on a direct host: the second opinion on ours.
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import type { DirectHost } from "@kinode-ts/testing/direct-link";
import { formatAddress, formatProcessId, processIdParts, toU64 } from "@kinode-ts/types";
import type {
  Address,
  Capability,
  Delivery,
  LazyLoadBlob,
  Message,
  OnExit,
  ProcessIdParts,
  Request,
  Response,
} from "@kinode-ts/types";

import { jcoWasi } from "./jco-wasi.ts";

/** jco's forms of the types. */
interface JcoAddress {
  readonly node: string;
  readonly process: ProcessIdParts;
}
interface JcoFields {
  readonly inherit: boolean;
  readonly expectsResponse?: bigint | undefined;
  readonly body: Uint8Array;
  readonly metadata?: string | undefined;
  readonly capabilities: readonly { readonly issuer: JcoAddress; readonly params: string }[];
}
interface JcoBlob {
  readonly mime?: string | undefined;
  readonly bytes: Uint8Array;
}

const toAddress = ({ node, process }: JcoAddress): Address => ({
  node,
  process: formatProcessId(process),
});
const fromAddress = ({ node, process }: Address): JcoAddress => ({
  node,
  process: processIdParts(process),
});
const toBlob = (blob: JcoBlob | undefined): LazyLoadBlob | undefined =>
  blob && { mime: blob.mime, bytes: blob.bytes.slice() };

function toFields(fields: JcoFields) {
  return {
    inherit: fields.inherit,
    body: fields.body.slice(),
    metadata: fields.metadata,
    capabilities: fields.capabilities.map(({ issuer, params }) => ({
      issuer: toAddress(issuer),
      params,
    })),
  };
}

const toRequest = (fields: JcoFields): Request => ({
  kind: "request",
  ...toFields(fields),
  expectsResponse: fields.expectsResponse === undefined ? undefined : toU64(fields.expectsResponse),
});
const toResponse = (fields: JcoFields): Response => ({ kind: "response", ...toFields(fields) });

function fromMessage(message: Message, context: Uint8Array | undefined) {
  const capabilities = message.capabilities.map(({ issuer, params }) => ({
    issuer: fromAddress(issuer),
    params,
  }));
  if (message.kind === "response")
    return { tag: "response", val: [{ ...message, capabilities }, context] };
  const { expectsResponse } = message;
  const seconds = expectsResponse === undefined ? undefined : BigInt(expectsResponse);
  return { tag: "request", val: { ...message, expectsResponse: seconds, capabilities } };
}

/** An `err` of a result is thrown with its payload. */
function fromDelivery(delivery: Delivery, withContext: boolean) {
  if (delivery.kind === "message")
    return [fromAddress(delivery.source), fromMessage(delivery.message, delivery.context)];
  const { error, context } = delivery;
  const payload = {
    ...error,
    target: fromAddress(error.target),
    message: fromMessage(error.message, undefined),
    lazyLoadBlob: error.blob,
  };
  throw Object.assign(new Error("send-error"), {
    payload: withContext ? [payload, context] : payload,
  });
}

async function wait(host: DirectHost, poll: () => Delivery | undefined): Promise<Delivery> {
  for (;;) {
    const delivery = poll();
    if (delivery !== undefined) return delivery;
    await new Promise<void>((resolve) => host.park(resolve));
  }
}

type JcoOutgoing = readonly [JcoAddress, JcoFields, Uint8Array?, JcoBlob?];
interface JcoOnExit {
  readonly tag: "none" | "restart" | "requests";
  readonly val?: readonly (readonly [JcoAddress, JcoFields, JcoBlob | undefined])[];
}

function fromFields(request: Request): JcoFields {
  const { val } = fromMessage(request, undefined) as { val: JcoFields };
  return val;
}

function toOnExit({ tag, val = [] }: JcoOnExit): OnExit {
  if (tag !== "requests") return { kind: tag };
  const requests = val.map(([target, request, blob]) => ({
    target: toAddress(target),
    request: toRequest(request),
    blob: toBlob(blob),
  }));
  return { kind: "requests", requests };
}

function fromOnExit(onExit: OnExit): JcoOnExit {
  if (onExit.kind !== "requests") return { tag: onExit.kind };
  return {
    tag: "requests",
    val: onExit.requests.map(({ target, request, blob }) => [
      fromAddress(target),
      fromFields(request),
      blob,
    ]),
  };
}

const toCapabilities = (held: JcoFields["capabilities"]): readonly Capability[] =>
  held.map(({ issuer, params }) => ({ issuer: toAddress(issuer), params }));

function standard(host: DirectHost, sinceOne: boolean) {
  const toGrant = (grant: unknown) => {
    if (!sinceOne)
      return { process: formatProcessId(grant as ProcessIdParts), params: '"messaging"' };
    const [process, params] = grant as [ProcessIdParts, string];
    return { process: formatProcessId(process), params };
  };
  return {
    printToTerminal: (verbosity: number, text: string) => host.print(verbosity, text),
    our: () => fromAddress(host.our),
    getOnExit: () => fromOnExit(host.getOnExit()),
    setOnExit: (onExit: JcoOnExit) => host.setOnExit(toOnExit(onExit)),
    getState: () => host.getState(),
    setState: (bytes: Uint8Array) => host.setState(bytes.slice()),
    clearState: () => host.clearState(),
    async spawn(
      name: string | undefined,
      wasmPath: string,
      onExit: JcoOnExit,
      held: JcoFields["capabilities"],
      grants: readonly unknown[],
      isPublic: boolean,
    ) {
      const spawned = await host.spawn({
        name,
        wasmPath,
        onExit: toOnExit(onExit),
        requestCapabilities: toCapabilities(held),
        grantCapabilities: grants.map(toGrant),
        public: isPublic,
      });
      if (spawned.ok) return processIdParts(spawned.value);
      throw Object.assign(new Error("spawn-error"), { payload: spawned.error });
    },
    saveCapabilities: (held: JcoFields["capabilities"]) =>
      host.saveCapabilities(toCapabilities(held)),
    dropCapabilities: (held: JcoFields["capabilities"]) =>
      host.dropCapabilities(toCapabilities(held)),
    ourCapabilities: () =>
      host.ourCapabilities().map(({ issuer, params }) => ({ issuer: fromAddress(issuer), params })),
    receive: async () => fromDelivery(await wait(host, () => host.poll()), true),
    hasBlob: () => host.hasBlob(),
    getBlob: () => host.getBlob(),
    lastBlob: () => host.lastBlob(),
    sendResponse: (response: JcoFields, blob?: JcoBlob) =>
      host.sendResponse(toResponse(response), toBlob(blob)),
    sendRequest: (target: JcoAddress, request: JcoFields, context?: Uint8Array, blob?: JcoBlob) =>
      host.sendRequest(toAddress(target), toRequest(request), context?.slice(), toBlob(blob)),
    sendRequests: (requests: readonly JcoOutgoing[]) =>
      host.sendRequests(
        requests.map(([target, request, context, blob]) => ({
          target: toAddress(target),
          request: toRequest(request),
          context: context?.slice(),
          blob: toBlob(blob),
        })),
      ),
    sendAndAwaitResponse: async (target: JcoAddress, request: JcoFields, blob?: JcoBlob) => {
      host.beginAwait(toAddress(target), toRequest(request), toBlob(blob));
      return fromDelivery(await wait(host, () => host.pollAwaited()), false);
    },
  };
}

type Instantiate = (
  core: (path: string) => WebAssembly.Module,
  imports: Record<string, unknown>,
) => Promise<{ init(our: string): Promise<void> }>;

const WAITING = [
  "receive",
  "send-and-await-response",
  "get-state",
  "set-state",
  "clear-state",
  "spawn",
];
const STANDARD = [
  "kinode:process/standard@0.7.0",
  "kinode:process/standard@0.8.0",
  "kinode:process/standard@1.0.0",
  "hyperware:process/standard@1.0.0",
];

/** Generates bindings into a temporary folder, loads them, and removes it again. */
async function instantiator(
  bytes: Uint8Array,
): Promise<(imports: Record<string, unknown>) => ReturnType<Instantiate>> {
  const name = "guest";
  const { files } = await transpileBytes(bytes, {
    name,
    instantiation: "async",
    asyncMode: "jspi",
    asyncImports: STANDARD.flatMap((standard) => WAITING.map((func) => `${standard}#${func}`)),
    asyncExports: ["init"],
    wasiShim: false,
    nodejsCompat: false,
  });
  const folder = mkdtempSync(join(tmpdir(), "jco-guest-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const { instantiate } = (await import(join(folder, `${name}.js`))) as {
    instantiate: Instantiate;
  };
  rmSync(folder, { recursive: true });
  return (imports) =>
    instantiate((path) => new WebAssembly.Module(files[path] as Uint8Array<ArrayBuffer>), imports);
}

/** Runs a component through jco; settles with how `init` ended. */
export async function runThroughJco(
  bytes: Uint8Array,
  host: DirectHost,
  source?: string,
): Promise<{ ended: Promise<"returned" | "trapped"> }> {
  const text = Buffer.from(bytes).toString("latin1");
  const sinceOne = text.includes("process/standard@1.0.0");
  const functions = standard(host, sinceOne);
  const instance = await (
    await instantiator(bytes)
  )({
    ...jcoWasi(),
    "kinode:process/standard": functions,
    "hyperware:process/standard": functions,
    "kinode:script/source": { get: () => source, compiled: () => undefined, keep: () => {} },
  });
  const ended = instance.init(formatAddress(host.our)).then(
    () => "returned" as const,
    () => "trapped" as const,
  );
  return { ended };
}
