/**
 * Messages that a tool sends with the terminal's authority.
 * @module
 */
import {
  type Address,
  type ControlAnswer,
  type KernelMessage,
  NameError,
  parseAddress,
  TERMINAL_PROCESS,
  toU64,
} from "@kinode-ts/types";
import * as v from "valibot";
import { ControlFault, readJson } from "./answers.ts";
import type { ControlPowers } from "./control-powers.ts";

const MAX_TIMEOUT_SECONDS = 86_400;

const sendSchema = v.object({
  target: v.string(),
  body: v.string(),
  timeout: v.nullable(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_TIMEOUT_SECONDS)),
  ),
});

const MAX_BLOB_TEXT_BYTES = 65_536;
const TEXT = /^text\/plain\s*(;|$)/i;

function shortText(blob: KernelMessage["blob"]): string | null {
  const isShort = blob !== undefined && blob.bytes.length <= MAX_BLOB_TEXT_BYTES;
  return isShort && TEXT.test(blob.mime ?? "") ? new TextDecoder().decode(blob.bytes) : null;
}

function readTarget(text: string, our: string): Address {
  try {
    const { node, process } = parseAddress(text);
    return { node: node === "our" ? our : node, process };
  } catch (thrown) {
    if (!(thrown instanceof NameError)) throw thrown;
    throw new ControlFault(400, thrown.code, `${thrown.message}, e.g. our@echo:echo:alice.os`);
  }
}

export async function sendMessage(powers: ControlPowers, request: Request): Promise<ControlAnswer> {
  const { kernel, random } = powers;
  const { target: text, body: bodyText, timeout } = await readJson(request, sendSchema);
  const target = readTarget(text, kernel.our);
  const body = new TextEncoder().encode(bodyText);
  if (timeout === null) {
    const source = { node: kernel.our, process: TERMINAL_PROCESS };
    kernel.inject({
      id: random.u64(),
      source,
      target,
      rsvp: undefined,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: undefined,
        body,
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    });
    return { kind: "sent" };
  }
  const answer = await kernel.ask({
    source: TERMINAL_PROCESS,
    target,
    body,
    timeoutSeconds: toU64(timeout),
  });
  if (!answer.ok) return { kind: "send-error", error: answer.error };
  return {
    kind: "response",
    source: `${answer.source.node}@${answer.source.process}`,
    body: new TextDecoder().decode(answer.body),
    metadata: answer.metadata ?? null,
    blobBytes: answer.blob?.bytes.length ?? null,
    blobText: shortText(answer.blob),
  };
}
