/**
 * How the control interface reads requests and words its answers.
 * @module
 */
import { PackageError } from "@kinode-ts/kit";
import { type ControlError, errorText, KinodeError, NameError } from "@kinode-ts/types";
import * as v from "valibot";
import { InstallError } from "../packages/errors.ts";

/** Largest JSON body in bytes. Zips have their own bound. */
const MAX_JSON_BYTES = 1024 * 1024;

/** An answer other than success. */
export class ControlFault extends Error {
  override name = "ControlFault";
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { "cache-control": "no-store" } });
}

const STATUS: Readonly<Record<string, number>> = {
  "install.not-installed": 404,
  "install.unknown-process": 404,
  "install.unknown-capability": 404,
  "install.bundled": 409,
  "install.needs-install": 409,
  "install.start": 422,
  "install.program": 422,
};

/** Every failure as JSON; what nobody foresaw says nothing about the inside of the node. */
export function faultAnswer(thrown: unknown, report: (text: string) => void): Response {
  const answer = (status: number, code: string, message: string): Response =>
    json({ error: { code, message } } satisfies ControlError, status);
  if (thrown instanceof ControlFault) return answer(thrown.status, thrown.code, thrown.message);
  if (
    thrown instanceof InstallError ||
    thrown instanceof PackageError ||
    thrown instanceof NameError
  ) {
    return answer(STATUS[thrown.code] ?? 400, thrown.code, thrown.message);
  }
  if (thrown instanceof KinodeError && thrown.code.startsWith("zip.")) {
    return answer(400, thrown.code, thrown.message);
  }
  report(errorText(thrown));
  return answer(500, "control.internal", "The node could not do this; its log says why");
}

/** @throws {ControlFault} 400 not JSON or not of this shape, 413 too large */
export async function readJson<S extends v.GenericSchema>(
  request: Request,
  schema: S,
): Promise<v.InferOutput<S>> {
  const text = await request.text();
  if (text.length > MAX_JSON_BYTES) {
    throw new ControlFault(
      413,
      "control.too-large",
      `The body is larger than ${MAX_JSON_BYTES} bytes`,
    );
  }
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new ControlFault(400, "control.not-json", "The body is not JSON");
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = issue.path?.map((step) => String(step.key)).join(".") ?? "the body";
  throw new ControlFault(400, "control.bad-body", `${place}: ${issue.message}`);
}
