/**
 * The global names a script finds in the engine component. A native script sees the same ones and no other of the
 * realm it runs in. A test compares this list with the engine.
 * @module
 */
const NAMES = `
  Object Function Error EvalError RangeError ReferenceError SyntaxError TypeError URIError InternalError AggregateError
  SuppressedError Iterator Array parseInt parseFloat isNaN isFinite queueMicrotask decodeURI decodeURIComponent
  encodeURI encodeURIComponent escape unescape Infinity NaN undefined eval Number Boolean String Math Reflect Symbol
  DisposableStack globalThis BigInt Date RegExp JSON Proxy Map Set WeakMap WeakSet ArrayBuffer SharedArrayBuffer
  Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array
  Float16Array Float32Array Float64Array DataView Promise AsyncDisposableStack WeakRef FinalizationRegistry
  DOMException btoa atob performance kinode TextEncoder TextDecoder crypto console setTimeout setInterval clearTimeout
  clearInterval structuredClone URL URLSearchParams Event CustomEvent EventTarget AbortSignal AbortController Blob File
  FormData Headers Request Response fetch
`;

/** Names, in the order of the engine. */
export const ENGINE_GLOBALS: readonly string[] = NAMES.trim().split(/\s+/);
