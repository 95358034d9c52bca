/**
 * Names as values: packages, processes, addresses.
 * Source: spec/kernel.md §2, spec/packages-and-tools.md §25.2. Process and package ids are checked strictly, as
 * application libraries do; addresses by structure only, as the kernel does.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

type NameCode =
  "TooManyAts" | "TooManyColons" | "MissingNode" | "MissingField" | "InvalidCharacter";
type NameFault = { readonly code: NameCode; readonly text: string };

const NAME_FACT: Readonly<Record<NameCode, string>> = {
  TooManyAts: 'there is more than one "@"',
  TooManyColons: 'there are too many ":"',
  MissingNode: 'the node before "@" is missing',
  MissingField: "a part is missing or empty",
  InvalidCharacter: "names are made of a-z, 0-9 and -, publishers also of .",
};

/** A text that is not an address. */
export class AddressParseError extends KinodeError<NameFault> {
  override name = "AddressParseError";
  constructor(code: NameCode, text: string) {
    super(
      { code, text },
      `Cannot read ${JSON.stringify(text)} as an address (node@process:package:publisher): ${NAME_FACT[code]}`,
    );
  }
}

/** A text that is not a process id or package id. */
export class ProcessIdParseError extends KinodeError<NameFault> {
  override name = "ProcessIdParseError";
  constructor(code: NameCode, text: string, expected: string) {
    super({ code, text }, `Cannot read ${JSON.stringify(text)} as ${expected}: ${NAME_FACT[code]}`);
  }
}

const PROCESS_FORM = "a process id (process:package:publisher)";
const PACKAGE_FORM = "a package id (package:publisher)";
const SAFE_NAME = /^[a-z0-9-]+$/;
const SAFE_NODE = /^[a-z0-9.-]+$/;

function structureFault(parts: readonly string[], count: number): NameCode | undefined {
  if (parts.length > count) return "TooManyColons";
  return parts.length < count || parts.includes("") ? "MissingField" : undefined;
}

function strictFault(parts: readonly string[], count: number): NameCode | undefined {
  const fault = structureFault(parts, count);
  if (fault !== undefined) return fault;
  const names = parts.slice(0, -1).every((part) => SAFE_NAME.test(part));
  return names && SAFE_NODE.test(parts.at(-1)!) ? undefined : "InvalidCharacter";
}

/** `package:publisher` */
export class PackageId {
  readonly package: string;
  readonly publisher: string;

  constructor(packageName: string, publisher: string) {
    this.package = packageName;
    this.publisher = publisher;
  }

  /** From its parts, which are not checked. */
  static of(packageName: string, publisher: string): PackageId {
    return new PackageId(packageName, publisher);
  }

  /** @throws {ProcessIdParseError} */
  static parse(text: string): PackageId {
    const parts = text.split(":");
    const fault = strictFault(parts, 2);
    if (fault !== undefined) throw new ProcessIdParseError(fault, text, PACKAGE_FORM);
    return new PackageId(parts[0]!, parts[1]!);
  }

  /** `package:publisher` */
  toString(): string {
    return `${this.package}:${this.publisher}`;
  }

  /** Whether it has the same text. */
  equals(other: PackageId | string): boolean {
    return this.toString() === other.toString();
  }

  /** The wire has package ids as objects, unlike process ids (§1). */
  toJSON(): { package_name: string; publisher_node: string } {
    return { package_name: this.package, publisher_node: this.publisher };
  }
}

/** `process:package:publisher` */
export class ProcessId {
  readonly process: string;
  readonly package: string;
  readonly publisher: string;

  /** `process` left out: a random name, as the kernel gives to processes spawned without one. */
  constructor(process: string | undefined, packageName: string, publisher: string) {
    this.process = process ?? randomName();
    this.package = packageName;
    this.publisher = publisher;
  }

  /** The same as the constructor. */
  static of(process: string | undefined, packageName: string, publisher: string): ProcessId {
    return new ProcessId(process, packageName, publisher);
  }

  /** @throws {ProcessIdParseError} */
  static parse(text: string): ProcessId {
    const parts = text.split(":");
    const fault = strictFault(parts, 3);
    if (fault !== undefined) throw new ProcessIdParseError(fault, text, PROCESS_FORM);
    return new ProcessId(parts[0]!, parts[1]!, parts[2]!);
  }

  /** Without the name of the process. */
  packageId(): PackageId {
    return new PackageId(this.package, this.publisher);
  }

  /** `process:package:publisher` */
  toString(): string {
    return `${this.process}:${this.package}:${this.publisher}`;
  }

  /** Whether it has the same text. */
  equals(other: ProcessId | string): boolean {
    return this.toString() === other.toString();
  }

  /** Its text: so it is on the wire. */
  toJSON(): string {
    return this.toString();
  }
}

/** `node@process:package:publisher` */
export class Address {
  readonly node: string;
  readonly processId: ProcessId;
  readonly #text: string;

  constructor(node: string, processId: ProcessId, text = `${node}@${processId.toString()}`) {
    this.node = node;
    this.processId = processId;
    this.#text = text;
  }

  /** From its four parts, which are not checked. */
  static of(node: string, process: string, packageName: string, publisher: string): Address {
    return new Address(node, new ProcessId(process, packageName, publisher));
  }

  /** @throws {AddressParseError} structure only, any characters */
  static parse(text: string): Address {
    const at = text.indexOf("@");
    if (at <= 0) throw new AddressParseError("MissingNode", text);
    if (text.includes("@", at + 1)) throw new AddressParseError("TooManyAts", text);
    const parts = text.slice(at + 1).split(":");
    const fault = structureFault(parts, 3);
    if (fault !== undefined) throw new AddressParseError(fault, text);
    return new Address(text.slice(0, at), new ProcessId(parts[0]!, parts[1]!, parts[2]!), text);
  }

  /** Name of the process, without package and publisher. */
  get process(): string {
    return this.processId.process;
  }

  /** Name of the package. */
  get package(): string {
    return this.processId.package;
  }

  /** Who publishes the package. */
  get publisher(): string {
    return this.processId.publisher;
  }

  /** Package and publisher. */
  packageId(): PackageId {
    return this.processId.packageId();
  }

  /** `node@process:package:publisher` */
  toString(): string {
    return this.#text;
  }

  /** Whether it has the same text. */
  equals(other: Address | string): boolean {
    return this.#text === other.toString();
  }

  /** Its text: so it is on the wire. */
  toJSON(): string {
    return this.#text;
  }
}

/** Where a request can be sent: text with `@`, or a process id meaning a process of this node. */
export type Target = Address | ProcessId | string;

/** @throws {AddressParseError} the text is neither an address nor a process id */
export function targetText(target: Target): string {
  if (target instanceof Address) return target.toString();
  const text = target.toString();
  return Address.parse(text.includes("@") ? text : `our@${text}`).toString();
}

/** A uniformly random u64 as decimal text: the name of a process that was given none. */
export function randomName(): string {
  // oxlint-disable-next-line no-restricted-globals -- inside a process this is the host's random power
  const words = crypto.getRandomValues(new Uint32Array(2));
  return ((BigInt(words[0]!) << 32n) | BigInt(words[1]!)).toString();
}
