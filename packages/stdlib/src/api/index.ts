/**
 * Types across processes: messages with the JSON that Rust packages use, typed on both sides.
 * @module
 */
export { ApiError, Refusal } from "./api-error.ts";
export type { ApiFault } from "./api-error.ts";
export { readText } from "./api-type.ts";
export type { ApiShape, ApiType, Of, ScalarKind } from "./api-type.ts";
export { call, method } from "./calls.ts";
export type { Answers, ArgumentStyle, Call, Calls, Method, Methods } from "./calls.ts";
export { bytes, list, option, record, tuple } from "./compounds.ts";
export { api, defineApi, WithReply, withReply } from "./define-api.ts";
export type { Api, Client, ClientMethod, FullAnswer, Handlers } from "./define-api.ts";
export { bool, char, f32, f64, s16, s32, s64, s8, string, u16, u32, u64, u8 } from "./scalars.ts";
export type { Integer64 } from "./scalars.ts";
export { enumeration, result, variant } from "./variants.ts";
export type { ApiResult, ResultType, Unwrapped } from "./variants.ts";
