/**
 * Asking other servers: HTTP and web sockets.
 * @module
 */
export { fetch, FetchError } from "./fetch.ts";
export type { FetchBody, FetchErrorCode, FetchHeaders, FetchInit, FetchResponse } from "./fetch.ts";
export { HttpClientError } from "./http-client-error.ts";
export type { HttpClientErrorCode } from "./http-client-error.ts";
export { http } from "./send-http.ts";
export type { HttpAnswer, SendHttpOptions } from "./send-http.ts";
export { openWebSocket, WebSocketConnection } from "./web-socket-connection.ts";
export type { WebSocketData, WebSocketOptions } from "./web-socket-connection.ts";
export { WebSocket } from "./web-socket.ts";
export type { WebSocketEvent } from "./web-socket.ts";
