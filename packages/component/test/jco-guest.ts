/**
 * Runs a component through jco's generated bindings on a direct host: the second opinion on ours.
 * @module
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import type { DirectHost } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import { formatAddress, formatProcessId, processIdParts, toU64 } from "@kinode-ts/types";
import type {
  Address,
  Delivery,
  LazyLoadBlob,
  Message,
  ProcessIdParts,
  Request,
  Response,
} from "@kinode-ts/types";

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

function standard(host: DirectHost) {
  return {
    printToTerminal: (verbosity: number, text: string) => host.print(verbosity, text),
    getState: () => host.getState(),
    receive: async () => fromDelivery(await wait(host, () => host.poll()), true),
    getBlob: () => host.getBlob(),
    sendResponse: (response: JcoFields, blob?: JcoBlob) =>
      host.sendResponse(toResponse(response), toBlob(blob)),
    sendRequest: (target: JcoAddress, request: JcoFields, context?: Uint8Array, blob?: JcoBlob) =>
      host.sendRequest(toAddress(target), toRequest(request), context?.slice(), toBlob(blob)),
    sendRequests: () => {
      throw new Error("not used by the guests");
    },
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

const WAITING = ["receive", "send-and-await-response", "get-state"];

/** Generates bindings into a temporary folder and loads them. */
async function instantiator(name: string): Promise<(host: DirectHost) => ReturnType<Instantiate>> {
  const { files } = await transpileBytes(guestBytes(name), {
    name,
    instantiation: "async",
    asyncMode: "jspi",
    asyncImports: WAITING.map((func) => `kinode:process/standard@1.0.0#${func}`),
    asyncExports: ["init"],
    wasiShim: false,
    nodejsCompat: false,
  });
  const folder = mkdtempSync(join(tmpdir(), "jco-guest-"));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const { instantiate } = (await import(join(folder, `${name}.js`))) as {
    instantiate: Instantiate;
  };
  return (host) =>
    instantiate((path) => new WebAssembly.Module(files[path] as Uint8Array<ArrayBuffer>), {
      "kinode:process/standard": standard(host),
    });
}

/** Runs a guest through jco; settles with how `init` ended. */
export async function runThroughJco(
  name: string,
  host: DirectHost,
): Promise<{ ended: Promise<"returned" | "trapped"> }> {
  const instance = await (await instantiator(name))(host);
  const ended = instance.init(formatAddress(host.our)).then(
    () => "returned" as const,
    () => "trapped" as const,
  );
  return { ended };
}
