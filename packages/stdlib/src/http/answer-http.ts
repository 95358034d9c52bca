/**
 * Turning the outcome of an HTTP handler into the answer the server expects, failures included.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import type { Reply } from "../answer.ts";
import { reply } from "../answer.ts";
import { host } from "../current.ts";
import { JsonError } from "../json.ts";
import type { IncomingRequest } from "../message.ts";
import { SchemaError } from "../schema.ts";
import { openBody, writeParts } from "./body-parts.ts";
import { FormError } from "./form-data.ts";
import { Response } from "./web.ts";

/** The message form of an HTTP response with a whole body (spec/runtime-modules.md §6.4), for loops of one's own. @throws {TypeError} it has parts */
export function httpReply(response: Response): Reply {
  if (response.parts !== undefined) {
    throw new TypeError("A body in parts is sent by a handler of HttpServer, not by a reply");
  }
  const { status, headers, bytes } = response;
  return reply({ status, headers: headers.toJSON() }, { blob: { bytes } });
}

/** Answers with a body in parts: the head at once, then the parts. */
export function respondInParts(
  message: IncomingRequest,
  response: Response,
  parts: AsyncIterable<Uint8Array | string>,
): void {
  const { status, headers } = response;
  const stream = openBody();
  message.respond(reply({ status, headers: headers.toJSON(), body_stream: stream }));
  void writeParts(stream, parts, (thrown) =>
    host().printToTerminal(0, `The body of an HTTP answer failed: ${errorText(thrown)}`),
  );
}

/** Bad data in the request is the client's fault, everything else ours; the client learns no more than that. */
export function failureResponse(thrown: unknown): Response {
  const isBadData =
    thrown instanceof JsonError || thrown instanceof SchemaError || thrown instanceof FormError;
  if (isBadData) {
    return Response.json({ error: thrown.message }, { status: 400 });
  }
  host().printToTerminal(0, `An HTTP handler failed: ${errorText(thrown)}`);
  return Response.json({ error: "internal error" }, { status: 500 });
}
