/**
 * Processes by declaration.
 * @module
 */
export { Refusal } from "../api/api-error.ts";
export { handler } from "./app-calls.ts";
export type { CallHandler } from "./app-calls.ts";
export type { Page, PageFunction, Socket } from "./app-routes.ts";
export { StateError } from "./app-state.ts";
export type { SavePolicy, StateErrorCode, StateOptions } from "./app-state.ts";
export type { CallContext, ProcessContext } from "./context.ts";
export { defineProcess } from "./define-app.ts";
export type { ProcessParts } from "./define-app.ts";
