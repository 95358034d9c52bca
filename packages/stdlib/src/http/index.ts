/**
 * Serving HTTP and web sockets from a process.
 * @module
 */
export { Channel } from "./channel.ts";
export { Headers } from "./headers.ts";
export type { HeadersInit } from "./headers.ts";
export { mimeType } from "./mime.ts";
export { createHttpServer, HttpServer } from "./server.ts";
export type { HttpBinding, HttpHandler, WsBinding, WsFrame, WsHandlers } from "./server.ts";
export { Request, Response } from "./web.ts";
export type { HttpMessage, KinodeExtras, ResponseInit } from "./web.ts";
export { HttpServerError, sendWsPush } from "./wire.ts";
export type { HttpServerAction, HttpServerErrorCode, WsMessageType } from "./wire.ts";
