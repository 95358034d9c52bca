/**
 * `wasi:filesystem`: no folders, so no descriptors and nothing to call on one.
 * @module
 */
import { borrow, own } from "../canonical-abi/handles.ts";
import { list, string } from "../canonical-abi/lists.ts";
import { tuple } from "../canonical-abi/records.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import { enumOf } from "../canonical-abi/enums.ts";
import { option } from "../canonical-abi/variants.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";
import { ERROR } from "./io-error.ts";

const DESCRIPTOR = new ResourceType("descriptor");
const DIRECTORY_ENTRY_STREAM = new ResourceType("directory-entry-stream");

const errorCode = enumOf([
  "access",
  "would-block",
  "already",
  "bad-descriptor",
  "busy",
  "deadlock",
  "quota",
  "exist",
  "file-too-large",
  "illegal-byte-sequence",
  "in-progress",
  "interrupted",
  "invalid",
  "io",
  "is-directory",
  "loop",
  "too-many-links",
  "message-size",
  "name-too-long",
  "no-device",
  "no-entry",
  "no-lock",
  "insufficient-memory",
  "insufficient-space",
  "not-directory",
  "not-empty",
  "not-recoverable",
  "unsupported",
  "no-tty",
  "no-such-device",
  "overflow",
  "not-permitted",
  "pipe",
  "read-only",
  "invalid-seek",
  "text-file-busy",
  "cross-device",
]);

export const filesystem: readonly WasiInterface[] = [
  {
    name: "wasi:filesystem/types",
    resources: { descriptor: DESCRIPTOR, "directory-entry-stream": DIRECTORY_ENTRY_STREAM },
    functions: {
      "filesystem-error-code": wasiFunction([borrow(ERROR)], option(errorCode), () => undefined),
    },
  },
  {
    name: "wasi:filesystem/preopens",
    resources: {},
    functions: {
      "get-directories": wasiFunction([], list(tuple(own(DESCRIPTOR), string)), () => []),
    },
  },
];
