/**
 * `Blob`, `File` and `FormData`, with everything in memory.
 * Source: File API §3, §4 (W3C); XMLHttpRequest Standard §4 (WHATWG).
 * @module
 */

const encoder = new TextEncoder();

/** What a blob can be made of. */
export type BlobPart = Blob | ArrayBuffer | ArrayBufferView | string;

/** The bytes of a buffer or a view; not copied. */
export function bytesOfBuffer(source: unknown): Uint8Array | undefined {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (!ArrayBuffer.isView(source)) return undefined;
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The bytes of a blob; not copied. */
export let bytesOfBlob: (blob: Blob) => Uint8Array;

function typeOf(type: unknown): string {
  const text = `${(type ?? "") as string}`;
  return /^[\x20-\x7e]*$/.test(text) ? text.toLowerCase() : "";
}

export class Blob {
  readonly #bytes: Uint8Array;
  readonly type: string;

  static {
    bytesOfBlob = (blob) => blob.#bytes;
  }

  constructor(parts: Iterable<BlobPart> = [], options: { readonly type?: string } = {}) {
    this.#bytes = joinBytes(
      Array.from(parts, (part) => {
        if (part instanceof Blob) return part.#bytes;
        return bytesOfBuffer(part) ?? encoder.encode(`${part as string}`.toWellFormed());
      }),
    );
    this.type = typeOf(options?.type);
  }

  get size(): number {
    return this.#bytes.length;
  }

  slice(start = 0, end: number = this.size, type = ""): Blob {
    return new Blob([this.#bytes.slice(start, end)], { type });
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer as ArrayBuffer;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#bytes.slice();
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.#bytes);
  }

  get [Symbol.toStringTag](): string {
    return "Blob";
  }
}

export class File extends Blob {
  readonly name: string;
  readonly lastModified: number;

  constructor(
    parts: Iterable<BlobPart>,
    name: string,
    options: { readonly type?: string; readonly lastModified?: number } = {},
  ) {
    super(parts, options);
    this.name = `${name}`;
    this.lastModified = options?.lastModified ?? Date.now();
  }

  override get [Symbol.toStringTag](): string {
    return "File";
  }
}

type Entry = [name: string, value: string | File];

export class FormData {
  #entries: Entry[] = [];

  append(name: string, value: string | Blob, fileName?: string): void {
    this.#entries.push(entryOf(name, value, fileName));
  }

  set(name: string, value: string | Blob, fileName?: string): void {
    const entry = entryOf(name, value, fileName);
    const first = this.#entries.findIndex(([each]) => each === entry[0]);
    if (first < 0) this.#entries.push(entry);
    else {
      this.#entries = this.#entries.filter(([each], at) => at <= first || each !== entry[0]);
      this.#entries[first] = entry;
    }
  }

  get(name: string): string | File | null {
    return this.#entries.find(([each]) => each === name)?.[1] ?? null;
  }

  getAll(name: string): (string | File)[] {
    return this.#entries.filter(([each]) => each === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.#entries.some(([each]) => each === name);
  }

  delete(name: string): void {
    this.#entries = this.#entries.filter(([each]) => each !== name);
  }

  *entries(): IterableIterator<Entry> {
    for (const [name, value] of this.#entries) yield [name, value];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string | File> {
    for (const [, value] of this) yield value;
  }

  forEach(call: (value: string | File, name: string, form: FormData) => void): void {
    for (const [name, value] of this) call(value, name, this);
  }

  [Symbol.iterator](): IterableIterator<Entry> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "FormData";
  }
}

function entryOf(name: string, value: string | Blob, fileName: string | undefined): Entry {
  const key = `${name}`.toWellFormed();
  if (!(value instanceof Blob)) return [key, `${value}`.toWellFormed()];
  if (value instanceof File && fileName === undefined) return [key, value];
  const { type } = value;
  return [
    key,
    new File([value], fileName ?? (value instanceof File ? value.name : "blob"), { type }),
  ];
}

function quoted(text: string): string {
  return text.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}

/** A form as `multipart/form-data`. Source: RFC 7578; HTML Standard §4.10.21.7. */
export function encodeForm(form: FormData, boundary: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`;
    if (typeof value === "string") {
      parts.push(encoder.encode(`${head}\r\n\r\n${value.replaceAll(/\r\n|\r|\n/g, "\r\n")}\r\n`));
      continue;
    }
    const type = value.type === "" ? "application/octet-stream" : value.type;
    const file = `; filename="${quoted(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`;
    parts.push(encoder.encode(head + file), bytesOfBlob(value), encoder.encode("\r\n"));
  }
  parts.push(encoder.encode(`--${boundary}--\r\n`));
  return joinBytes(parts);
}
