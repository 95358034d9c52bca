/**
 * What the pages send: read strictly, with the answers existing pages know.
 * Source: spec/network-identity.md §4.4, §4.5.
 * @module
 */
import type { BootStatement } from "./boot-signature.ts";

/** An answer that ends a request. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

const MAX_BODY_BYTES = 16 * 1024;
const PASSWORD_HASH = /^0x[0-9a-fA-F]{64}$/;
/** Longest name that fits the registry many times over. */
const MAX_NAME_LENGTH = 1_024;

/** The JSON object of a request whose length is told and small. */
export async function readBody(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const length = request.headers.get("content-length");
  if (length === null) throw new Refusal(411, "The length of the body is not told");
  if (!(Number(length) <= MAX_BODY_BYTES)) {
    throw new Refusal(413, `The body is larger than ${MAX_BODY_BYTES} bytes`);
  }
  let json: unknown;
  try {
    json = JSON.parse(await request.text());
  } catch {
    throw new Refusal(400, "The body is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Refusal(400, "The body is not a JSON object");
  }
  return json as Record<string, unknown>;
}

function field<T extends "string" | "boolean">(
  body: Readonly<Record<string, unknown>>,
  name: string,
  type: T,
): T extends "string" ? string : boolean {
  const value = body[name];
  if (typeof value !== type) throw new Refusal(400, `"${name}" is missing or not a ${type}`);
  return value as T extends "string" ? string : boolean;
}

export interface BootRequest extends BootStatement {
  /** As it was sent: the keyfile's password is this text. */
  readonly passwordHashText: string;
  readonly signature: string;
}

/** `POST /boot`. Owner and chain are not read: the registry and our own chain decide. */
export function readBootRequest(body: Readonly<Record<string, unknown>>): BootRequest {
  const timestamp = body["timestamp"];
  if (typeof timestamp !== "number" || !Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw new Refusal(400, '"timestamp" is missing or not a positive number');
  }
  const username = field(body, "username", "string");
  if (username.length > MAX_NAME_LENGTH) throw new Refusal(400, '"username" is too long');
  const passwordHashText = field(body, "password_hash", "string");
  const statement = {
    username,
    reset: field(body, "reset", "boolean"),
    direct: field(body, "direct", "boolean"),
    signature: field(body, "signature", "string"),
  };
  if (!PASSWORD_HASH.test(passwordHashText)) throw new Refusal(401, "Invalid password hash");
  return {
    ...statement,
    timestamp: BigInt(timestamp),
    passwordHashText,
    passwordHash: Uint8Array.fromHex(passwordHashText.slice(2)),
  };
}

export interface ImportRequest {
  readonly passwordHash: string;
  /** Bytes of the file `.keys`. */
  readonly keyfile: Uint8Array;
}

/** `POST /import-keyfile`. */
export function readImportRequest(body: Readonly<Record<string, unknown>>): ImportRequest {
  const passwordHash = field(body, "password_hash", "string");
  const text = field(body, "keyfile", "string");
  try {
    return { passwordHash, keyfile: Uint8Array.fromBase64(text.trim()) };
  } catch {
    throw new Refusal(400, "Keyfile not valid base64");
  }
}

/** `POST /login`: the password hash. */
export function readLoginRequest(body: Readonly<Record<string, unknown>>): string {
  return field(body, "password_hash", "string");
}
