// Generated from wit/ by tools/src/standard-types.ts. Do not edit.
/**
 * The process interface of each version, as its WIT says: types, then functions, in the order of the text.
 * @module
 */
import type { WitInterface } from "../wit-data.ts";

export const STANDARD_WIT: Readonly<Record<string, WitInterface>> = {
  "kinode:process/standard@0.7.0": {
    types: [
      ["json", "string"],
      ["node-id", "string"],
      ["context", ["list", "u8"]],
      [
        "process-id",
        {
          record: [
            ["process-name", "string"],
            ["package-name", "string"],
            ["publisher-node", "node-id"],
          ],
        },
      ],
      [
        "address",
        {
          record: [
            ["node", "node-id"],
            ["process", "process-id"],
          ],
        },
      ],
      [
        "lazy-load-blob",
        {
          record: [
            ["mime", ["option", "string"]],
            ["bytes", ["list", "u8"]],
          ],
        },
      ],
      [
        "request",
        {
          record: [
            ["inherit", "bool"],
            ["expects-response", ["option", "u64"]],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "response",
        {
          record: [
            ["inherit", "bool"],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "message",
        {
          variant: [
            ["request", "request"],
            ["response", ["tuple", "response", ["option", "context"]]],
          ],
        },
      ],
      [
        "capability",
        {
          record: [
            ["issuer", "address"],
            ["params", "json"],
          ],
        },
      ],
      [
        "on-exit",
        {
          variant: [
            ["none"],
            ["restart"],
            ["requests", ["list", ["tuple", "address", "request", ["option", "lazy-load-blob"]]]],
          ],
        },
      ],
      [
        "send-error",
        {
          record: [
            ["kind", "send-error-kind"],
            ["message", "message"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-error-kind",
        {
          enum: ["offline", "timeout"],
        },
      ],
      [
        "spawn-error",
        {
          enum: ["name-taken", "no-file-at-path"],
        },
      ],
    ],
    functions: [
      [
        "print-to-terminal",
        {
          params: [
            ["verbosity", "u8"],
            ["message", "string"],
          ],
        },
      ],
      [
        "get-on-exit",
        {
          params: [],
          result: "on-exit",
        },
      ],
      [
        "set-on-exit",
        {
          params: [["on-exit", "on-exit"]],
        },
      ],
      [
        "get-state",
        {
          params: [],
          result: ["option", ["list", "u8"]],
        },
      ],
      [
        "set-state",
        {
          params: [["bytes", ["list", "u8"]]],
        },
      ],
      [
        "clear-state",
        {
          params: [],
        },
      ],
      [
        "spawn",
        {
          params: [
            ["name", ["option", "string"]],
            ["wasm-path", "string"],
            ["on-exit", "on-exit"],
            ["request-capabilities", ["list", "capability"]],
            ["grant-capabilities", ["list", "process-id"]],
            ["public", "bool"],
          ],
          result: ["result", "process-id", "spawn-error"],
        },
      ],
      [
        "save-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "drop-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "our-capabilities",
        {
          params: [],
          result: ["list", "capability"],
        },
      ],
      [
        "receive",
        {
          params: [],
          result: [
            "result",
            ["tuple", "address", "message"],
            ["tuple", "send-error", ["option", "context"]],
          ],
        },
      ],
      [
        "get-blob",
        {
          params: [],
          result: ["option", "lazy-load-blob"],
        },
      ],
      [
        "send-request",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["context", ["option", "context"]],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-requests",
        {
          params: [
            [
              "requests",
              [
                "list",
                [
                  "tuple",
                  "address",
                  "request",
                  ["option", "context"],
                  ["option", "lazy-load-blob"],
                ],
              ],
            ],
          ],
        },
      ],
      [
        "send-response",
        {
          params: [
            ["response", "response"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-and-await-response",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
          result: ["result", ["tuple", "address", "message"], "send-error"],
        },
      ],
    ],
  },
  "kinode:process/standard@0.8.0": {
    types: [
      ["json", "string"],
      ["node-id", "string"],
      ["context", ["list", "u8"]],
      [
        "process-id",
        {
          record: [
            ["process-name", "string"],
            ["package-name", "string"],
            ["publisher-node", "node-id"],
          ],
        },
      ],
      [
        "package-id",
        {
          record: [
            ["package-name", "string"],
            ["publisher-node", "node-id"],
          ],
        },
      ],
      [
        "address",
        {
          record: [
            ["node", "node-id"],
            ["process", "process-id"],
          ],
        },
      ],
      [
        "lazy-load-blob",
        {
          record: [
            ["mime", ["option", "string"]],
            ["bytes", ["list", "u8"]],
          ],
        },
      ],
      [
        "request",
        {
          record: [
            ["inherit", "bool"],
            ["expects-response", ["option", "u64"]],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "response",
        {
          record: [
            ["inherit", "bool"],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "message",
        {
          variant: [
            ["request", "request"],
            ["response", ["tuple", "response", ["option", "context"]]],
          ],
        },
      ],
      [
        "capability",
        {
          record: [
            ["issuer", "address"],
            ["params", "json"],
          ],
        },
      ],
      [
        "on-exit",
        {
          variant: [
            ["none"],
            ["restart"],
            ["requests", ["list", ["tuple", "address", "request", ["option", "lazy-load-blob"]]]],
          ],
        },
      ],
      [
        "send-error",
        {
          record: [
            ["kind", "send-error-kind"],
            ["target", "address"],
            ["message", "message"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-error-kind",
        {
          enum: ["offline", "timeout"],
        },
      ],
      [
        "spawn-error",
        {
          enum: ["name-taken", "no-file-at-path"],
        },
      ],
    ],
    functions: [
      [
        "print-to-terminal",
        {
          params: [
            ["verbosity", "u8"],
            ["message", "string"],
          ],
        },
      ],
      [
        "get-on-exit",
        {
          params: [],
          result: "on-exit",
        },
      ],
      [
        "set-on-exit",
        {
          params: [["on-exit", "on-exit"]],
        },
      ],
      [
        "get-state",
        {
          params: [],
          result: ["option", ["list", "u8"]],
        },
      ],
      [
        "set-state",
        {
          params: [["bytes", ["list", "u8"]]],
        },
      ],
      [
        "clear-state",
        {
          params: [],
        },
      ],
      [
        "spawn",
        {
          params: [
            ["name", ["option", "string"]],
            ["wasm-path", "string"],
            ["on-exit", "on-exit"],
            ["request-capabilities", ["list", "capability"]],
            ["grant-capabilities", ["list", "process-id"]],
            ["public", "bool"],
          ],
          result: ["result", "process-id", "spawn-error"],
        },
      ],
      [
        "save-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "drop-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "our-capabilities",
        {
          params: [],
          result: ["list", "capability"],
        },
      ],
      [
        "receive",
        {
          params: [],
          result: [
            "result",
            ["tuple", "address", "message"],
            ["tuple", "send-error", ["option", "context"]],
          ],
        },
      ],
      [
        "get-blob",
        {
          params: [],
          result: ["option", "lazy-load-blob"],
        },
      ],
      [
        "send-request",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["context", ["option", "context"]],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-requests",
        {
          params: [
            [
              "requests",
              [
                "list",
                [
                  "tuple",
                  "address",
                  "request",
                  ["option", "context"],
                  ["option", "lazy-load-blob"],
                ],
              ],
            ],
          ],
        },
      ],
      [
        "send-response",
        {
          params: [
            ["response", "response"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-and-await-response",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
          result: ["result", ["tuple", "address", "message"], "send-error"],
        },
      ],
    ],
  },
  "kinode:process/standard@1.0.0": {
    types: [
      ["json", "string"],
      ["node-id", "string"],
      ["context", ["list", "u8"]],
      [
        "process-id",
        {
          record: [
            ["process-name", "string"],
            ["package-name", "string"],
            ["publisher-node", "node-id"],
          ],
        },
      ],
      [
        "package-id",
        {
          record: [
            ["package-name", "string"],
            ["publisher-node", "node-id"],
          ],
        },
      ],
      [
        "address",
        {
          record: [
            ["node", "node-id"],
            ["process", "process-id"],
          ],
        },
      ],
      [
        "lazy-load-blob",
        {
          record: [
            ["mime", ["option", "string"]],
            ["bytes", ["list", "u8"]],
          ],
        },
      ],
      [
        "request",
        {
          record: [
            ["inherit", "bool"],
            ["expects-response", ["option", "u64"]],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "response",
        {
          record: [
            ["inherit", "bool"],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "message",
        {
          variant: [
            ["request", "request"],
            ["response", ["tuple", "response", ["option", "context"]]],
          ],
        },
      ],
      [
        "capability",
        {
          record: [
            ["issuer", "address"],
            ["params", "json"],
          ],
        },
      ],
      [
        "on-exit",
        {
          variant: [
            ["none"],
            ["restart"],
            ["requests", ["list", ["tuple", "address", "request", ["option", "lazy-load-blob"]]]],
          ],
        },
      ],
      [
        "send-error",
        {
          record: [
            ["kind", "send-error-kind"],
            ["target", "address"],
            ["message", "message"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-error-kind",
        {
          enum: ["offline", "timeout"],
        },
      ],
      [
        "spawn-error",
        {
          enum: ["name-taken", "no-file-at-path"],
        },
      ],
    ],
    functions: [
      [
        "print-to-terminal",
        {
          params: [
            ["verbosity", "u8"],
            ["message", "string"],
          ],
        },
      ],
      [
        "our",
        {
          params: [],
          result: "address",
        },
      ],
      [
        "get-on-exit",
        {
          params: [],
          result: "on-exit",
        },
      ],
      [
        "set-on-exit",
        {
          params: [["on-exit", "on-exit"]],
        },
      ],
      [
        "get-state",
        {
          params: [],
          result: ["option", ["list", "u8"]],
        },
      ],
      [
        "set-state",
        {
          params: [["bytes", ["list", "u8"]]],
        },
      ],
      [
        "clear-state",
        {
          params: [],
        },
      ],
      [
        "spawn",
        {
          params: [
            ["name", ["option", "string"]],
            ["wasm-path", "string"],
            ["on-exit", "on-exit"],
            ["request-capabilities", ["list", "capability"]],
            ["grant-capabilities", ["list", ["tuple", "process-id", "json"]]],
            ["public", "bool"],
          ],
          result: ["result", "process-id", "spawn-error"],
        },
      ],
      [
        "save-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "drop-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "our-capabilities",
        {
          params: [],
          result: ["list", "capability"],
        },
      ],
      [
        "receive",
        {
          params: [],
          result: [
            "result",
            ["tuple", "address", "message"],
            ["tuple", "send-error", ["option", "context"]],
          ],
        },
      ],
      [
        "has-blob",
        {
          params: [],
          result: "bool",
        },
      ],
      [
        "get-blob",
        {
          params: [],
          result: ["option", "lazy-load-blob"],
        },
      ],
      [
        "last-blob",
        {
          params: [],
          result: ["option", "lazy-load-blob"],
        },
      ],
      [
        "send-request",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["context", ["option", "context"]],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-requests",
        {
          params: [
            [
              "requests",
              [
                "list",
                [
                  "tuple",
                  "address",
                  "request",
                  ["option", "context"],
                  ["option", "lazy-load-blob"],
                ],
              ],
            ],
          ],
        },
      ],
      [
        "send-response",
        {
          params: [
            ["response", "response"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-and-await-response",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
          result: ["result", ["tuple", "address", "message"], "send-error"],
        },
      ],
    ],
  },
  "hyperware:process/standard@1.0.0": {
    types: [
      ["json", "string"],
      ["node-id", "string"],
      ["context", ["list", "u8"]],
      [
        "process-id",
        {
          record: [
            ["process-name", "string"],
            ["package-name", "string"],
            ["publisher-node", "node-id"],
          ],
        },
      ],
      [
        "package-id",
        {
          record: [
            ["package-name", "string"],
            ["publisher-node", "node-id"],
          ],
        },
      ],
      [
        "address",
        {
          record: [
            ["node", "node-id"],
            ["process", "process-id"],
          ],
        },
      ],
      [
        "lazy-load-blob",
        {
          record: [
            ["mime", ["option", "string"]],
            ["bytes", ["list", "u8"]],
          ],
        },
      ],
      [
        "request",
        {
          record: [
            ["inherit", "bool"],
            ["expects-response", ["option", "u64"]],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "response",
        {
          record: [
            ["inherit", "bool"],
            ["body", ["list", "u8"]],
            ["metadata", ["option", "json"]],
            ["capabilities", ["list", "capability"]],
          ],
        },
      ],
      [
        "message",
        {
          variant: [
            ["request", "request"],
            ["response", ["tuple", "response", ["option", "context"]]],
          ],
        },
      ],
      [
        "capability",
        {
          record: [
            ["issuer", "address"],
            ["params", "json"],
          ],
        },
      ],
      [
        "on-exit",
        {
          variant: [
            ["none"],
            ["restart"],
            ["requests", ["list", ["tuple", "address", "request", ["option", "lazy-load-blob"]]]],
          ],
        },
      ],
      [
        "send-error",
        {
          record: [
            ["kind", "send-error-kind"],
            ["target", "address"],
            ["message", "message"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-error-kind",
        {
          enum: ["offline", "timeout"],
        },
      ],
      [
        "spawn-error",
        {
          enum: ["name-taken", "no-file-at-path"],
        },
      ],
    ],
    functions: [
      [
        "print-to-terminal",
        {
          params: [
            ["verbosity", "u8"],
            ["message", "string"],
          ],
        },
      ],
      [
        "our",
        {
          params: [],
          result: "address",
        },
      ],
      [
        "get-on-exit",
        {
          params: [],
          result: "on-exit",
        },
      ],
      [
        "set-on-exit",
        {
          params: [["on-exit", "on-exit"]],
        },
      ],
      [
        "get-state",
        {
          params: [],
          result: ["option", ["list", "u8"]],
        },
      ],
      [
        "set-state",
        {
          params: [["bytes", ["list", "u8"]]],
        },
      ],
      [
        "clear-state",
        {
          params: [],
        },
      ],
      [
        "spawn",
        {
          params: [
            ["name", ["option", "string"]],
            ["wasm-path", "string"],
            ["on-exit", "on-exit"],
            ["request-capabilities", ["list", "capability"]],
            ["grant-capabilities", ["list", ["tuple", "process-id", "json"]]],
            ["public", "bool"],
          ],
          result: ["result", "process-id", "spawn-error"],
        },
      ],
      [
        "save-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "drop-capabilities",
        {
          params: [["caps", ["list", "capability"]]],
        },
      ],
      [
        "our-capabilities",
        {
          params: [],
          result: ["list", "capability"],
        },
      ],
      [
        "receive",
        {
          params: [],
          result: [
            "result",
            ["tuple", "address", "message"],
            ["tuple", "send-error", ["option", "context"]],
          ],
        },
      ],
      [
        "has-blob",
        {
          params: [],
          result: "bool",
        },
      ],
      [
        "get-blob",
        {
          params: [],
          result: ["option", "lazy-load-blob"],
        },
      ],
      [
        "last-blob",
        {
          params: [],
          result: ["option", "lazy-load-blob"],
        },
      ],
      [
        "send-request",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["context", ["option", "context"]],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-requests",
        {
          params: [
            [
              "requests",
              [
                "list",
                [
                  "tuple",
                  "address",
                  "request",
                  ["option", "context"],
                  ["option", "lazy-load-blob"],
                ],
              ],
            ],
          ],
        },
      ],
      [
        "send-response",
        {
          params: [
            ["response", "response"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
        },
      ],
      [
        "send-and-await-response",
        {
          params: [
            ["target", "address"],
            ["request", "request"],
            ["lazy-load-blob", ["option", "lazy-load-blob"]],
          ],
          result: ["result", ["tuple", "address", "message"], "send-error"],
        },
      ],
    ],
  },
};
