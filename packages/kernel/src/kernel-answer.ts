/**
 * Answers of the kernel as JSON bytes: compact, keys in the order of the reference.
 * Source: spec/kernel.md §4.2, §4.4.
 * @module
 */
import { type Capability, formatAddress, type OnExit, type OnExitRequest } from "@kinode-ts/types";
import type { ProcessEntry } from "./process-entry.ts";

const encoder = new TextEncoder();

/** Bytes of a JSON answer. */
export function answerBytes(answer: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(answer));
}

export function capabilityJson(capability: Capability): unknown {
  return { issuer: formatAddress(capability.issuer), params: capability.params };
}

function onExitRequestJson({ target, request, blob }: OnExitRequest): unknown {
  return [
    formatAddress(target),
    {
      inherit: request.inherit,
      expects_response:
        request.expectsResponse === undefined ? null : Number(request.expectsResponse),
      body: [...request.body],
      metadata: request.metadata ?? null,
      capabilities: request.capabilities.map((capability) => [capabilityJson(capability), []]),
    },
    blob === undefined ? null : { mime: blob.mime ?? null, bytes: [...blob.bytes] },
  ];
}

function onExitJson(onExit: OnExit): unknown {
  if (onExit.kind === "none") return "None";
  if (onExit.kind === "restart") return "Restart";
  return { Requests: onExit.requests.map(onExitRequestJson) };
}

/** One process as Debug shows it; the kernel and modules have an empty handle. */
export function processJson(entry: ProcessEntry): unknown {
  return {
    wasm_bytes_handle: entry.wasmBytesHandle,
    wit_version: entry.witVersion ?? null,
    on_exit: onExitJson(entry.onExit),
    capabilities: entry.holder.list().map(capabilityJson),
    public: entry.public,
  };
}

/** What a running process uses; `null` for all others. */
export function usageJson(entry: ProcessEntry): unknown {
  const usage = entry.running?.usage();
  if (usage === undefined) return null;
  return { cpu_ms: Math.round(usage.cpuMs), memory_bytes: usage.memoryBytes };
}
