/**
 * Serving HTTP and web sockets from a process.
 * @module
 */
export { httpReply as reply } from "./answer-http.ts";
export { BodyError } from "./body-parts.ts";
export type { BodyErrorCode } from "./body-parts.ts";
export { Channel } from "./channel.ts";
export { cookie, parseCookies } from "./cookies.ts";
export type { CookieOptions } from "./cookies.ts";
export { eventStream } from "./event-stream.ts";
export type { EventSink, EventStreamOptions, ServerEvent } from "./event-stream.ts";
export { FormError, parseForm } from "./form-data.ts";
export { Headers } from "./headers.ts";
export type { HeadersInit } from "./headers.ts";
export { mimeType } from "./mime.ts";
export { createHttpServer, HttpServer } from "./server.ts";
export type {
  HttpBinding,
  HttpHandler,
  HttpRateLimit,
  RateLimit,
  WsBinding,
  WsFrame,
  WsHandlers,
} from "./server.ts";
export { Request, Response } from "./web.ts";
export type { HttpMessage, KinodeExtras, ResponseBody, ResponseInit } from "./web.ts";
export { HttpServerError, sendWsPush } from "./wire.ts";
export type { HttpServerAction, HttpServerErrorCode, WsMessageType } from "./wire.ts";
