import { expect, test } from "bun:test";
import { type DataFault, encodeError } from "./errors.ts";
import type { DatabaseKey } from "./request.ts";

const KEY = {
  wire: { package_name: "p", publisher_node: "x.os" },
  name: "birthdays",
} as DatabaseKey;

/** Spec §3.1, §3.3 and §4.1, as they are written there. */
const WRITTEN: readonly (readonly [DataFault, kv: string, sqlite?: string])[] = [
  [
    { code: "data.no-db", key: KEY },
    '{"Err":{"NoDb":[{"package_name":"p","publisher_node":"x.os"},"birthdays"]}}',
  ],
  [{ code: "data.key-not-found" }, '{"Err":"KeyNotFound"}'],
  [{ code: "data.no-tx", id: 7 }, '{"Err":{"NoTx":7}}'],
  [{ code: "data.no-tx", id: (1n << 64n) - 1n }, '{"Err":{"NoTx":18446744073709551615}}'],
  [{ code: "data.no-iterator" }, '{"Err":"NoIterator"}'],
  [{ code: "data.no-write-cap" }, '{"Err":"NoWriteCap"}'],
  [{ code: "data.no-read-cap" }, '{"Err":"NoReadCap"}'],
  [{ code: "data.mismatching-package-id" }, '{"Err":"MismatchingPackageId"}'],
  [{ code: "data.add-cap-failed" }, '{"Err":"AddCapFailed"}'],
  [{ code: "data.malformed-request" }, '{"Err":"MalformedRequest"}'],
  [{ code: "data.not-a-read-keyword" }, '{"Err":"NotAReadKeyword"}'],
  [{ code: "data.not-a-write-keyword" }, '{"Err":"NotAWriteKeyword"}'],
  [{ code: "data.invalid-parameters" }, '{"Err":"InvalidParameters"}'],
  [
    { code: "data.engine", text: "text" },
    '{"Err":{"RocksDBError":"text"}}',
    '{"Err":{"RusqliteError":"text"}}',
  ],
  [{ code: "data.io", text: "text" }, '{"Err":{"IOError":"text"}}'],
];

test("every error has the JSON of the specification", () => {
  const decoder = new TextDecoder();
  for (const [fault, kv, sqlite = kv] of WRITTEN) {
    expect(decoder.decode(encodeError(fault, "RocksDBError"))).toBe(kv);
    expect(decoder.decode(encodeError(fault, "RusqliteError"))).toBe(sqlite);
  }
});
