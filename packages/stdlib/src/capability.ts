/**
 * Capabilities as values.
 * Source: spec/kernel.md §5.1 (identity), spec/packages-and-tools.md §25.2.
 * @module
 */
import type { GuestCapability } from "@kinode-ts/types";
import { MESSAGING_PARAMS } from "@kinode-ts/types";
import { Address } from "./address.ts";
import { canonicalJson, parseJson, stringifyJson } from "./json.ts";
import type { Schema } from "./schema.ts";
import { applySchema } from "./schema.ts";

/** An unforgeable right: who issued it, and JSON text that says what for. `T`: the parsed params. */
export class Capability<T = unknown> implements GuestCapability {
  readonly issuer: string;
  /** JSON text. */
  readonly params: string;

  constructor(issuer: Address | string, params: string) {
    this.issuer = issuer.toString();
    this.params = params;
  }

  /** The same as an instance. */
  static from(capability: GuestCapability): Capability {
    return capability instanceof Capability
      ? capability
      : new Capability(capability.issuer, capability.params);
  }

  /** The params are written as JSON. */
  static withJson<T>(issuer: Address | string, params: T): Capability<T> {
    return new Capability<T>(issuer, stringifyJson(params));
  }

  /** The right to send messages to `issuer`. */
  static messaging(issuer: Address | string): Capability<"messaging"> {
    return new Capability<"messaging">(issuer, MESSAGING_PARAMS);
  }

  /** Who issued it. @throws {AddressParseError} */
  get issuerAddress(): Address {
    return Address.parse(this.issuer);
  }

  /** @throws {JsonError | SchemaError} */
  paramsJson(schema?: Schema<T>): T {
    const value = parseJson(this.params);
    return schema === undefined ? (value as T) : applySchema(schema, value);
  }

  /** Same issuer, and params equal as JSON values. */
  equals(other: GuestCapability): boolean {
    return (
      this.issuer === other.issuer &&
      (this.params === other.params || canonicalJson(this.params) === canonicalJson(other.params))
    );
  }

  /** As the kernel has it in JSON. */
  toJSON(): { issuer: string; params: string } {
    return { issuer: this.issuer, params: this.params };
  }
}
