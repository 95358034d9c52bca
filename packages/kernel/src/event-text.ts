/**
 * The text of one event as a person reads it.
 * Source: spec/kernel.md §8.2 (event print).
 * @module
 */
import {
  type Capability,
  formatAddress,
  type KernelMessage,
  type SendErrorKind,
} from "@kinode-ts/types";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const MAX_SHOWN_BYTES = 4_096;

function textOf(body: Uint8Array): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

function byteList(body: Uint8Array): string {
  const shown = [...body.subarray(0, MAX_SHOWN_BYTES)].join(", ");
  return body.length > MAX_SHOWN_BYTES ? `[${shown}, … ${body.length} bytes]` : `[${shown}]`;
}

function cut(text: string): string {
  return text.length > MAX_SHOWN_BYTES ? `${text.slice(0, MAX_SHOWN_BYTES)}…` : text;
}

function requestBody(body: Uint8Array): string {
  const text = textOf(body);
  return text === undefined ? byteList(body) : cut(text);
}

function responseBody(body: Uint8Array): string {
  const text = textOf(body);
  if (text === undefined) return byteList(body);
  try {
    JSON.parse(text);
    return cut(text);
  } catch {
    return byteList(body);
  }
}

/** Without signatures: they are for machines. */
export function describeCapabilities(capabilities: readonly Capability[]): string {
  return `[${capabilities.map(({ issuer, params }) => `${formatAddress(issuer)}(${params})`).join(", ")}]`;
}

export function describeMessage(message: KernelMessage): string {
  const content = message.message;
  const lines = [
    `id: ${message.id}`,
    `source: ${formatAddress(message.source)}`,
    `target: ${formatAddress(message.target)}`,
    `rsvp: ${message.rsvp === undefined ? "None" : formatAddress(message.rsvp)}`,
  ];
  if (content.kind === "request") {
    lines.push(
      `Request: inherit: ${content.inherit}, expects_response: ${content.expectsResponse ?? "None"}`,
      `  body: ${requestBody(content.body)}`,
    );
  } else {
    lines.push(`Response: inherit: ${content.inherit}`, `  body: ${responseBody(content.body)}`);
    lines.push(`  context: None`);
  }
  lines.push(
    `  metadata: ${content.metadata ?? "None"}`,
    `  capabilities: ${describeCapabilities(content.capabilities)}`,
    `blob: ${message.blob !== undefined}`,
  );
  return lines.join("\n");
}

export function describeFailure(message: KernelMessage, kind: SendErrorKind): string {
  return `network error ${kind}: ${formatAddress(message.source)} to ${formatAddress(message.target)}, id ${message.id}`;
}
