/**
 * Turning the outcome of an HTTP handler into the answer the server expects, failures included.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import type { Reply } from "../answer.ts";
import { reply } from "../answer.ts";
import { host } from "../current.ts";
import { JsonError } from "../json.ts";
import { SchemaError } from "../schema.ts";
import { Response } from "./web.ts";

/** The message form of an HTTP response (spec/runtime-modules.md §6.4). */
export function httpReply(response: Response): Reply {
  const { status, headers, bytes } = response;
  return reply({ status, headers: headers.toJSON() }, { blob: { bytes } });
}

/** Bad data in the request is the client's fault, everything else ours; the client learns no more than that. */
export function failureResponse(thrown: unknown): Response {
  if (thrown instanceof JsonError || thrown instanceof SchemaError) {
    return Response.json({ error: thrown.message }, { status: 400 });
  }
  host().printToTerminal(0, `An HTTP handler failed: ${errorText(thrown)}`);
  return Response.json({ error: "internal error" }, { status: 500 });
}
