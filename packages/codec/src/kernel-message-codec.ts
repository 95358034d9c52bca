/**
 * Messages between nodes as bytes.
 * Source: spec/network-identity.md §1.6, §1.7; spec/kernel.md §3.1.
 * @module
 */
import type {
  Address,
  KernelMessage,
  LazyLoadBlob,
  SignedCapability,
  SignedMessage,
  SignedRequest,
  SignedResponse,
  U64,
} from "@kinode-ts/types";
import { formatAddress, NameError, parseAddress } from "@kinode-ts/types";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CodecError } from "./errors.ts";
import { badShape, type FieldReader, optional, readEnum, readStruct } from "./struct-reader.ts";

/** Largest serialized message a node sends or takes. */
export const MAX_MESSAGE_BYTES = 10_485_800;

export interface EncodeMessageOptions {
  /**
   * `integers` (default) is byte-identical with the reference; `bin` is shorter, and understood by every node
   * from 0.8 on.
   */
  readonly bytesAs?: "integers" | "bin";
  /** Context slot of a response. Senders leave it empty, receivers ignore it. */
  readonly context?: Uint8Array;
}

/**
 * @returns bytes owned by the caller
 * @throws {CodecError} `codec.too-large` above `MAX_MESSAGE_BYTES`, `codec.unencodable`
 */
export function encodeKernelMessage(
  message: KernelMessage,
  options: EncodeMessageOptions = {},
): Uint8Array {
  const payload = message.message.body.length + (message.blob?.bytes.length ?? 0);
  // Refused before it is copied: the forms below never take fewer bytes than the payload has.
  if (payload > MAX_MESSAGE_BYTES) throw tooLarge(payload);
  const useBin = options.bytesAs === "bin";
  const writer = new MessageWriter(256 + payload + (useBin ? 0 : payload >>> 1), useBin);
  writer.message(message, options.context);
  if (writer.length > MAX_MESSAGE_BYTES) throw tooLarge(writer.length);
  return writer.finish();
}

function tooLarge(sizeBytes: number): CodecError {
  return new CodecError({ code: "codec.too-large", sizeBytes, maxBytes: MAX_MESSAGE_BYTES });
}

class MessageWriter extends ByteWriter {
  readonly #useBin: boolean;

  constructor(capacityBytes: number, useBin: boolean) {
    super(capacityBytes);
    this.#useBin = useBin;
  }

  message(message: KernelMessage, context: Uint8Array | undefined): void {
    this.array(6);
    this.uint(message.id);
    this.address(message.source);
    this.address(message.target);
    this.option(message.rsvp, (rsvp) => this.address(rsvp));
    this.map(1);
    if (message.message.kind === "request") this.request(message.message);
    else this.response(message.message, context);
    this.option(message.blob, (blob) => this.blob(blob));
  }

  request(request: SignedRequest): void {
    this.text("Request");
    this.array(5);
    this.bool(request.inherit);
    this.option(request.expectsResponse, (seconds) => this.uint(seconds));
    this.octets(request.body);
    this.option(request.metadata, (metadata) => this.text(metadata));
    this.capabilities(request.capabilities);
  }

  response(response: SignedResponse, context: Uint8Array | undefined): void {
    this.text("Response");
    this.array(2);
    this.array(4);
    this.bool(response.inherit);
    this.octets(response.body);
    this.option(response.metadata, (metadata) => this.text(metadata));
    this.capabilities(response.capabilities);
    this.option(context, (bytes) => this.octets(bytes));
  }

  capabilities(capabilities: readonly SignedCapability[]): void {
    this.array(capabilities.length);
    for (const { issuer, params, signature } of capabilities) {
      this.array(2);
      this.array(2);
      this.address(issuer);
      this.text(params);
      this.octets(signature);
    }
  }

  blob(blob: LazyLoadBlob): void {
    this.array(2);
    this.option(blob.mime, (mime) => this.text(mime));
    this.octets(blob.bytes);
  }

  address(address: Address): void {
    this.text(formatAddress(address));
  }

  octets(bytes: Uint8Array): void {
    if (this.#useBin) this.bin(bytes);
    else this.intArray(bytes);
  }

  option<T>(value: T | undefined, write: (value: T) => void): void {
    if (value === undefined) this.nil();
    else write(value);
  }
}

const bool = (reader: ByteReader): boolean => reader.bool();
const uint = (reader: ByteReader): U64 => reader.uint();
const text = (reader: ByteReader): string => reader.text();
const bytes = (reader: ByteReader): Uint8Array => reader.bytes();

function readAddress(reader: ByteReader): Address {
  try {
    return parseAddress(reader.text());
  } catch (error) {
    if (error instanceof NameError) throw badShape("an address", error.message);
    throw error;
  }
}

const CAPABILITY: readonly FieldReader<unknown>[] = [
  { name: "issuer", read: readAddress },
  { name: "params", read: text },
];

function readCapability(reader: ByteReader): SignedCapability {
  if (reader.array() !== 2) throw badShape("a signed capability", "it is not a pair");
  const [issuer, params] = readStruct(reader, "a capability", CAPABILITY) as [Address, string];
  return { issuer, params, signature: reader.bytes() };
}

function readCapabilities(reader: ByteReader): SignedCapability[] {
  const capabilities: SignedCapability[] = [];
  for (let left = reader.array(); left > 0; left--) capabilities.push(readCapability(reader));
  return capabilities;
}

const REQUEST: readonly FieldReader<unknown>[] = [
  { name: "inherit", read: bool },
  { name: "expects_response", read: optional(uint), optional: true },
  { name: "body", read: bytes },
  { name: "metadata", read: optional(text), optional: true },
  { name: "capabilities", read: readCapabilities },
];
type RequestFields = [boolean, U64 | undefined, Uint8Array, string | undefined, SignedCapability[]];

function readRequest(reader: ByteReader): SignedRequest {
  const fields = readStruct(reader, "a request", REQUEST) as RequestFields;
  const [inherit, expectsResponse, body, metadata, capabilities] = fields;
  return { kind: "request", inherit, expectsResponse, body, metadata, capabilities };
}

const RESPONSE: readonly FieldReader<unknown>[] = [
  { name: "inherit", read: bool },
  { name: "body", read: bytes },
  { name: "metadata", read: optional(text), optional: true },
  { name: "capabilities", read: readCapabilities },
];
type ResponseFields = [boolean, Uint8Array, string | undefined, SignedCapability[]];

/** The context slot is read and dropped: the receiver restores its own context by id. */
function readResponse(reader: ByteReader): SignedResponse {
  if (reader.array() !== 2) throw badShape("a response with context", "it is not a pair");
  const fields = readStruct(reader, "a response", RESPONSE) as ResponseFields;
  optional(bytes)(reader);
  const [inherit, body, metadata, capabilities] = fields;
  return { kind: "response", inherit, body, metadata, capabilities };
}

const VARIANTS: readonly FieldReader<SignedMessage>[] = [
  { name: "Request", read: readRequest },
  { name: "Response", read: readResponse },
];

const BLOB: readonly FieldReader<unknown>[] = [
  { name: "mime", read: optional(text), optional: true },
  { name: "bytes", read: bytes },
];

function readBlob(reader: ByteReader): LazyLoadBlob {
  const fields = readStruct(reader, "a blob", BLOB) as [string | undefined, Uint8Array];
  return { mime: fields[0], bytes: fields[1] };
}

const MESSAGE: readonly FieldReader<unknown>[] = [
  { name: "id", read: uint },
  { name: "source", read: readAddress },
  { name: "target", read: readAddress },
  { name: "rsvp", read: optional(readAddress), optional: true },
  { name: "message", read: (reader) => readEnum(reader, "a message", VARIANTS) },
  { name: "lazy_load_blob", read: optional(readBlob), optional: true },
];
type MessageFields = [
  U64,
  Address,
  Address,
  Address | undefined,
  SignedMessage,
  LazyLoadBlob | undefined,
];

/**
 * Reads one message; bytes after it are ignored, as in the reference. Nothing of the result shares memory with `input`.
 * @throws {CodecError}
 */
export function decodeKernelMessage(input: Uint8Array): KernelMessage {
  if (input.length > MAX_MESSAGE_BYTES) throw tooLarge(input.length);
  const fields = readStruct(new ByteReader(input), "a kernel message", MESSAGE) as MessageFields;
  const [id, source, target, rsvp, message, blob] = fields;
  return { id, source, target, rsvp, message, blob };
}
