/**
 * What the databases refuse or fail with, and the documented JSON of it.
 * Source: spec/runtime-modules.md §3.1, §4.1.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import type { DatabaseKey } from "./request.ts";

export type DataFault =
  | { readonly code: "data.no-db"; readonly key: DatabaseKey }
  | { readonly code: "data.key-not-found" }
  | { readonly code: "data.no-tx"; readonly id: number | bigint }
  | { readonly code: "data.no-iterator" }
  | { readonly code: "data.no-write-cap" }
  | { readonly code: "data.no-read-cap" }
  | { readonly code: "data.mismatching-package-id" }
  | { readonly code: "data.add-cap-failed" }
  | { readonly code: "data.malformed-request" }
  | { readonly code: "data.not-a-read-keyword" }
  | { readonly code: "data.not-a-write-keyword" }
  | { readonly code: "data.invalid-parameters" }
  /** `text` names no path of the host. */
  | { readonly code: "data.engine"; readonly text: string }
  | { readonly code: "data.io"; readonly text: string };

const FACT = {
  "data.key-not-found": "There is no such key",
  "data.no-iterator": "There is no such iterator",
  "data.no-write-cap": "The process may not write to this database",
  "data.no-read-cap": "The process may not read this database",
  "data.mismatching-package-id": "Only the owning package opens and removes a database",
  "data.add-cap-failed": "The capabilities of the database could not be stored",
  "data.malformed-request": "The request is malformed",
  "data.not-a-read-keyword": "The statement does not begin with a word that reads",
  "data.not-a-write-keyword": "The statement does not begin with a word that writes",
  "data.invalid-parameters": "The parameters are no JSON array of plain values",
} as const;

export class DataError extends KinodeError<DataFault> {
  override name = "DataError";
  constructor(fault: DataFault, options: { cause?: unknown } = {}) {
    super(fault, messageOf(fault), options);
  }
}

function messageOf(fault: DataFault): string {
  switch (fault.code) {
    case "data.engine":
    case "data.io":
      return fault.text;
    case "data.no-db":
      return `The database ${fault.key.text} is gone`;
    case "data.no-tx":
      return `There is no transaction ${fault.id}`;
    default:
      return FACT[fault.code];
  }
}

/** The answer's body. An engine's own texts go under its module's name. */
export function encodeError(fault: DataFault, engineName: string): Uint8Array {
  return new TextEncoder().encode(`{"Err":${errorText(fault, engineName)}}`);
}

function errorText(fault: DataFault, engineName: string): string {
  switch (fault.code) {
    case "data.no-db":
      return JSON.stringify({ NoDb: [fault.key.wire, fault.key.name] });
    // Not by JSON.stringify: an id may be a bigint.
    case "data.no-tx":
      return `{"NoTx":${fault.id}}`;
    case "data.engine":
      return JSON.stringify({ [engineName]: fault.text });
    case "data.io":
      return JSON.stringify({ IOError: fault.text });
    case "data.key-not-found":
      return '"KeyNotFound"';
    case "data.no-iterator":
      return '"NoIterator"';
    case "data.no-write-cap":
      return '"NoWriteCap"';
    case "data.no-read-cap":
      return '"NoReadCap"';
    case "data.mismatching-package-id":
      return '"MismatchingPackageId"';
    case "data.add-cap-failed":
      return '"AddCapFailed"';
    case "data.malformed-request":
      return '"MalformedRequest"';
    case "data.not-a-read-keyword":
      return '"NotAReadKeyword"';
    case "data.not-a-write-keyword":
      return '"NotAWriteKeyword"';
    case "data.invalid-parameters":
      return '"InvalidParameters"';
  }
}
