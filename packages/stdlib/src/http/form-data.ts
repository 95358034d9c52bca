/**
 * Forms as browsers send them: `multipart/form-data` with files, and the plain kind.
 * Source: RFC 7578, HTML Standard §4.10.22.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import { decodeUtf8 } from "../utf8.ts";

type FormFault = { readonly code: "NotAForm" | "BadForm" | "TooManyFields"; readonly what: string };

/** A body that is no form; a handler that does not catch it answers with status 400. */
export class FormError extends KinodeError<FormFault> {
  override name = "FormError";
  constructor(code: FormFault["code"], what: string) {
    super({ code, what }, `The form cannot be read: ${what}`);
  }
}

const MAX_FIELDS = 1_000;
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_BOUNDARY_LENGTH = 256;
const [CR, LF, DASH] = [13, 10, 45];

/**
 * @param contentType - of the request
 * @throws {FormError} it is no form, or not a whole one
 */
export function parseForm(bytes: Uint8Array, contentType: string): FormData {
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded") return parsePlain(decodeUtf8(bytes));
  if (type !== "multipart/form-data") {
    throw new FormError("NotAForm", `its type is "${type}"`);
  }
  const match = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2] ?? "";
  if (boundary === "" || boundary.length > MAX_BOUNDARY_LENGTH) {
    throw new FormError("BadForm", "its type names no boundary");
  }
  return parseMultipart(bytes, boundary);
}

function parsePlain(text: string): FormData {
  const form = new FormData();
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > MAX_FIELDS) throw tooMany();
    form.append(name, value);
  }
  return form;
}

function parseMultipart(bytes: Uint8Array, boundary: string): FormData {
  const form = new FormData();
  const delimiter = latin1(`\r\n--${boundary}`);
  // The first delimiter has no line before it.
  const opensAtOnce = startsWith(bytes, delimiter.subarray(2), 0);
  const first = opensAtOnce ? -2 : find(bytes, delimiter, 0);
  if (!opensAtOnce && first < 0) throw new FormError("BadForm", "its boundary is not in it");
  let at = first + delimiter.length;
  for (let count = 0; ; count++) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return form;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) {
      throw new FormError("BadForm", "a boundary is followed by something else than a line");
    }
    if (count >= MAX_FIELDS) throw tooMany();
    const headEnd = find(bytes, HEAD_END, at, at + MAX_HEAD_BYTES);
    if (headEnd < 0) throw new FormError("BadForm", "a field has no head, or one without end");
    const bodyStart = headEnd + HEAD_END.length;
    const bodyEnd = find(bytes, delimiter, bodyStart);
    if (bodyEnd < 0) throw new FormError("BadForm", "its last boundary is missing");
    const body = bytes.subarray(bodyStart, bodyEnd);
    addField(form, decodeUtf8(bytes.subarray(at + 2, headEnd)), body);
    at = bodyEnd + delimiter.length;
  }
}

const HEAD_END = latin1("\r\n\r\n");

function addField(form: FormData, head: string, body: Uint8Array): void {
  const headers = new Map<string, string>();
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0)
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const name = parameter(disposition, "name");
  if (name === undefined) throw new FormError("BadForm", "a field has no name");
  const fileName = parameter(disposition, "filename");
  if (fileName === undefined) {
    form.append(name, decodeUtf8(body));
    return;
  }
  const type = headers.get("content-type") ?? "application/octet-stream";
  // A copy: the file outlives the body.
  form.append(name, new File([body.slice()], fileName, { type }));
}

/** Browsers write `"` as `%22` and line ends as `%0D%0A` in names. */
function parameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}="([^"]*)"`, "i").exec(disposition);
  return match?.[1]?.replaceAll(/%(22|0D|0A)/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function tooMany(): FormError {
  return new FormError("TooManyFields", `it has more than ${MAX_FIELDS} fields`);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0xff);
}

function startsWith(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** Where `wanted` begins at or behind `from`, before `end`; −1: nowhere. */
function find(bytes: Uint8Array, wanted: Uint8Array, from: number, end = bytes.length): number {
  const last = Math.min(end, bytes.length) - wanted.length;
  // `indexOf` runs in the engine: much faster than a loop here, for files.
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0 && at <= last;) {
    if (startsWith(bytes, wanted, at)) return at;
    at = bytes.indexOf(wanted[0]!, at + 1);
  }
  return -1;
}
