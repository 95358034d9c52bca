/**
 * Modules that this version of the node does not have yet: their ids answer every request with a clear error in the
 * module's own shape, so that packages fail at once and in words, instead of waiting.
 * @module
 */
import {
  ETH_PROCESS,
  HTTP_CLIENT_PROCESS,
  KV_PROCESS,
  NET_PROCESS,
  SQLITE_PROCESS,
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
} from "@kinode-ts/types";
import { encodeJson } from "@kinode-ts/codec/module-json";

/** The error variant of each module that carries free text; a module not named here answers `{"Err":"text"}`. */
const SHAPES: ReadonlyMap<ProcessId, (text: string) => unknown> = new Map([
  [KV_PROCESS, (text: string): unknown => ({ Err: { IOError: text } })],
  [SQLITE_PROCESS, (text: string): unknown => ({ Err: { IOError: text } })],
  [HTTP_CLIENT_PROCESS, (text: string): unknown => ({ Err: { BuildRequestFailed: text } })],
  [
    ETH_PROCESS,
    (text: string): unknown => ({ Err: { RpcError: { code: -32601, message: text } } }),
  ],
  [NET_PROCESS, (text: string): unknown => ({ Err: text })],
]);

/** Answers each request that expects a response with an error that says the module is not there. */
export function createUnavailableModule(id: ProcessId): RuntimeModule {
  const text = `this version of the node has no ${id} module yet`;
  const body = encodeJson((SHAPES.get(id) ?? ((words) => ({ Err: words })))(text));
  let context: ModuleContext | undefined;
  return {
    id,
    start(given: ModuleContext) {
      context = given;
    },
    handle(message: KernelMessage) {
      if (context === undefined || message.source.node !== context.our) return;
      if (message.message.kind !== "request") return;
      if (message.message.expectsResponse === undefined && message.rsvp === undefined) return;
      context.respond(message, { body });
    },
  };
}
