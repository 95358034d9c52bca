/**
 * One call as core values and the memory they point into, made by an encoder of our own: first a proper call, then every way
 * to lie in one place of it. Source: Canonical ABI, "Flattening" and "Storing".
 * @module
 */
import type { FunctionType, ValueType } from "../../src/canonical-abi/value-type.ts";
import type { CoreType } from "../../src/canonical-abi/abi-type.ts";

const MAX_FLAT_PARAMS = 16;
/** Where the image begins in the caller's memory, and how large that memory is. */
export const IMAGE_AT = 65_536;
export const MEMORY_BYTES = 4 * 65_536;
/** Where results are written. */
const RESULT_AT = 1_024;

/** A place of a call: one of its core values, or bytes of the image. */
type Place = { readonly arg: number } | { readonly at: number; readonly sizeBytes: 1 | 4 };

interface Lie {
  readonly what: string;
  readonly place: Place;
  readonly value: number;
}

export interface Call {
  readonly args: readonly bigint[];
  readonly image: Uint8Array;
}

interface Layout {
  readonly sizeBytes: number;
  readonly alignBytes: number;
  readonly flat: readonly CoreType[];
}

const alignUp = (value: number, align: number): number => Math.ceil(value / align) * align;

/** The types of a sequence of values; a variant is its discriminant and one payload for all cases. */
function sequence(types: readonly ValueType[]): Layout & { readonly offsets: readonly number[] } {
  let end = 0;
  let alignBytes = 1;
  const offsets: number[] = [];
  const flat: CoreType[] = [];
  for (const layout of types.map(layoutOf)) {
    end = alignUp(end, layout.alignBytes);
    offsets.push(end);
    end += layout.sizeBytes;
    alignBytes = Math.max(alignBytes, layout.alignBytes);
    flat.push(...layout.flat);
  }
  return { sizeBytes: alignUp(end, alignBytes), alignBytes, flat, offsets };
}

function casesOf(type: ValueType): readonly (ValueType | undefined)[] | undefined {
  switch (type.kind) {
    case "variant":
      return type.cases.map((item) => item.type);
    case "option":
      return [undefined, type.type];
    case "result":
      return [type.ok, type.error];
    case "enum":
      return type.names.map(() => undefined);
    default:
      return undefined;
  }
}

function fieldsOf(type: ValueType): readonly ValueType[] | undefined {
  if (type.kind === "record") return type.fields.map((field) => field.type);
  return type.kind === "tuple" ? type.items : undefined;
}

function layoutOf(type: ValueType): Layout {
  const fields = fieldsOf(type);
  if (fields !== undefined) return sequence(fields);
  const cases = casesOf(type);
  if (cases !== undefined) return layoutOfCases(cases.map((item) => item && layoutOf(item)));
  switch (type.kind) {
    case "bool":
    case "u8":
      return { sizeBytes: 1, alignBytes: 1, flat: ["i32"] };
    case "u64":
      return { sizeBytes: 8, alignBytes: 8, flat: ["i64"] };
    case "string":
    case "list":
      return { sizeBytes: 8, alignBytes: 4, flat: ["i32", "i32"] };
    default:
      throw new Error(`The process interfaces have no ${type.kind}`);
  }
}

function layoutOfCases(layouts: readonly (Layout | undefined)[]): Layout {
  const flat: CoreType[] = [];
  for (const layout of layouts) {
    layout?.flat.forEach((core, i) => {
      flat[i] = flat[i] === undefined || flat[i] === core ? core : "i64";
    });
  }
  const alignBytes = Math.max(1, ...layouts.map((layout) => layout?.alignBytes ?? 1));
  const payload = Math.max(0, ...layouts.map((layout) => layout?.sizeBytes ?? 0));
  const sizeBytes = alignUp(alignUp(1, alignBytes) + payload, alignBytes);
  return { sizeBytes, alignBytes, flat: ["i32", ...flat] };
}

/** Writes a proper value of each type and notes where it could lie. */
class Encoder {
  readonly args: bigint[] = [];
  readonly lies: Lie[] = [];
  readonly #image: number[] = [];

  get image(): Uint8Array {
    return Uint8Array.from(this.#image);
  }

  reserve({ sizeBytes, alignBytes }: Layout): number {
    while (this.#image.length % alignBytes !== 0) this.#image.push(0);
    const at = this.#image.length;
    for (let i = 0; i < sizeBytes; i++) this.#image.push(0);
    return at;
  }

  #write(at: number, value: number, sizeBytes: number): void {
    for (let i = 0; i < sizeBytes; i++) this.#image[at + i] = Math.floor(value / 256 ** i) & 0xff;
  }

  lie(what: string, place: Place, ...values: readonly number[]): void {
    for (const value of values) this.lies.push({ what, place, value });
  }

  /** Lies about where something of a layout is. */
  lieAboutPointer(what: string, place: Place, address: number, layout: Layout): void {
    this.lie(`${what}: pointer`, place, 0xffff_fff0 & -layout.alignBytes, MEMORY_BYTES);
    if (layout.sizeBytes > layout.alignBytes)
      this.lie(`${what}: pointer near the end`, place, MEMORY_BYTES - layout.alignBytes);
    if (layout.alignBytes > 1) this.lie(`${what}: unaligned pointer`, place, address + 1);
  }

  /** Text, bytes or elements: lies about both numbers, and about the text. */
  #content(type: ValueType, what: string, pointer: Place, length: Place): [number, number] {
    this.lie(`${what}: length`, length, 2 ** 30, 2 ** 31, 0xffff_ffff);
    const element: ValueType = type.kind === "list" ? type.element : { kind: "u8" };
    const layout = layoutOf(element);
    if (element.kind !== "u8") {
      const at = this.reserve(layout);
      this.store(element, `${what}[0]`, at);
      this.lieAboutPointer(what, pointer, IMAGE_AT + at, layout);
      return [IMAGE_AT + at, 1];
    }
    const at = this.reserve({ sizeBytes: 3, alignBytes: 1, flat: [] });
    [0x61, 0x62, 0x63].forEach((byte, i) => this.#write(at + i, byte, 1));
    this.lieAboutPointer(what, pointer, IMAGE_AT + at, { ...layout, sizeBytes: 3 });
    // 0xff is nowhere in UTF-8, 0xc3 wants another byte behind it
    if (type.kind === "string")
      this.lie(`${what}: not UTF-8`, { at: at + 2, sizeBytes: 1 }, 0xff, 0xc3);
    return [IMAGE_AT + at, 3];
  }

  store(type: ValueType, what: string, at: number): void {
    const fields = fieldsOf(type);
    const cases = casesOf(type);
    if (fields !== undefined) {
      const { offsets } = sequence(fields);
      fields.forEach((field, i) => this.store(field, `${what}.${i}`, at + offsets[i]!));
    } else if (cases !== undefined) {
      const chosen = cases.length - 1;
      this.#write(at, chosen, 1);
      this.lie(`${what}: case`, { at, sizeBytes: 1 }, cases.length, 255);
      const payloadAt = at + alignUp(1, layoutOf(type).alignBytes);
      if (cases[chosen] !== undefined) this.store(cases[chosen], what, payloadAt);
    } else if (type.kind === "string" || type.kind === "list") {
      const length: Place = { at: at + 4, sizeBytes: 4 };
      const [pointer, count] = this.#content(type, what, { at, sizeBytes: 4 }, length);
      this.#write(at, pointer, 4);
      this.#write(at + 4, count, 4);
    } else this.#write(at, 1, layoutOf(type).sizeBytes);
  }

  flatten(type: ValueType, what: string): void {
    const fields = fieldsOf(type);
    const cases = casesOf(type);
    const arg = this.args.length;
    if (fields !== undefined) fields.forEach((field, i) => this.flatten(field, `${what}.${i}`));
    else if (cases !== undefined) {
      const chosen = cases.length - 1;
      this.args.push(BigInt(chosen));
      this.lie(`${what}: case`, { arg }, cases.length, 255, 0xffff_ffff);
      if (cases[chosen] !== undefined) this.flatten(cases[chosen], what);
      const width = layoutOf(type).flat.length;
      while (this.args.length < arg + width) this.args.push(0n);
    } else if (type.kind === "string" || type.kind === "list") {
      this.args.push(0n, 0n);
      const [pointer, count] = this.#content(type, what, { arg }, { arg: arg + 1 });
      this.args[arg] = BigInt(pointer);
      this.args[arg + 1] = BigInt(count);
    } else this.args.push(1n);
  }
}

function applied({ args, image }: Call, { place, value }: Lie): Call {
  if ("arg" in place) return { image, args: args.with(place.arg, BigInt(value)) };
  const changed = image.slice();
  for (let i = 0; i < place.sizeBytes; i++) changed[place.at + i] = Math.floor(value / 256 ** i);
  return { args, image: changed };
}

export interface Calls {
  readonly core: { readonly params: readonly CoreType[]; readonly results: readonly CoreType[] };
  readonly proper: Call;
  readonly lies: readonly { readonly what: string; readonly call: Call }[];
}

/** A proper call of a function, and one call for each lie. */
export function callsOf(type: FunctionType): Calls {
  const encoder = new Encoder();
  const params = sequence(type.params.map((param) => param.type));
  let flat = params.flat;
  if (flat.length > MAX_FLAT_PARAMS) {
    const at = encoder.reserve(params);
    encoder.args.push(BigInt(IMAGE_AT + at));
    encoder.lieAboutPointer("parameters", { arg: 0 }, IMAGE_AT + at, params);
    type.params.forEach((param, i) =>
      encoder.store(param.type, param.name, at + params.offsets[i]!),
    );
    flat = ["i32"];
  } else for (const param of type.params) encoder.flatten(param.type, param.name);
  const result = type.result && layoutOf(type.result);
  const inMemory = result !== undefined && result.flat.length > 1;
  if (inMemory) {
    encoder.lieAboutPointer("result", { arg: encoder.args.length }, RESULT_AT, result);
    encoder.args.push(BigInt(RESULT_AT));
    flat = [...flat, "i32"];
  }
  const proper: Call = { args: encoder.args, image: encoder.image };
  return {
    core: { params: flat, results: inMemory ? [] : (result?.flat ?? []) },
    proper,
    lies: encoder.lies.map((lie) => ({
      what: `${lie.what} ${lie.value}`,
      call: applied(proper, lie),
    })),
  };
}
