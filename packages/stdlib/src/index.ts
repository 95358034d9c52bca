/**
 * What the author of a Kinode process imports.
 * @module
 */
export {
  Address,
  AddressParseError,
  PackageId,
  ProcessId,
  ProcessIdParseError,
} from "./address.ts";
export type { Target } from "./address.ts";
export { Reply, reply } from "./answer.ts";
export type { Answer, AnswerOptions } from "./answer.ts";
export { fromWebBlob, jsonBlob } from "./blob.ts";
export type { BlobLike, LazyLoadBlob, WebBlob } from "./blob.ts";
export { json } from "./body.ts";
export type { Body } from "./body.ts";
export { Request, Response } from "./builders.ts";
export { capabilities } from "./capabilities.ts";
export { Capability } from "./capability.ts";
export { exportInterface } from "./export-interface.ts";
export { defineProcess, defineWidget } from "./define.ts";
export type { ProcessBody, ProcessDefinition, WidgetOptions } from "./define.ts";
export type { Handler, ServeOptions } from "./dispatcher.ts";
export type { Duration } from "./duration.ts";
export { BlobGoneError, BuildError, InheritError, SendError, SpawnError } from "./errors.ts";
export { NoHostError } from "./host.ts";
export { inline, spawnInline } from "./inline.ts";
export type { InlineBody, InlineOptions } from "./inline.ts";
export { JsonError, parseJson, stringifyJson } from "./json.ts";
export { IncomingRequest, IncomingResponse } from "./message.ts";
export type { Message } from "./message.ts";
export { onExit } from "./on-exit.ts";
export type { ExitRequest, OnExit } from "./on-exit.ts";
export { print, terminalConsole as console } from "./print.ts";
export type { Verbosity } from "./print.ts";
export { defineScript } from "./scripting/script.ts";
export type { ScriptBody, ScriptInput, ScriptOutcome } from "./scripting/script.ts";
export { SchemaError } from "./schema.ts";
export type { Schema, StandardSchema } from "./schema.ts";
export {
  inbox,
  lastBlob,
  our,
  receive,
  receiveBody,
  request,
  respond,
  send,
  sendAll,
  serve,
  stopServing,
} from "./send.ts";
export type {
  AbortSignalLike,
  OneWayOptions,
  Our,
  RequestOptions,
  Sending,
  SendOptions,
} from "./send.ts";
export { spawn } from "./spawn.ts";
export type { SpawnGrant, SpawnOptions } from "./spawn.ts";
export { state } from "./state.ts";
export type { LoadOptions } from "./state.ts";
export { decodeUtf8, encodeUtf8 } from "./utf8.ts";
