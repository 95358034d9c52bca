/**
 * The shapes of `manifest.json`, `metadata.json` and `scripts.json` as they stand in the files.
 * Source: spec/packages-and-tools.md §3–5. Unknown keys are ignored, as the format demands.
 * @module
 */
import { isNameSafeNode, isProcessId, parseAddress, type ProcessId } from "@kinode-ts/types";
import * as v from "valibot";

const SAFE_NAME = /^[a-z0-9-]+$/;
const SEMVER = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

function isAddressText(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}

const processIdText = v.pipe(
  v.string("a process id (process:package:publisher) is expected"),
  v.check(
    isProcessId,
    (issue) => `"${issue.input}" is not a process id (process:package:publisher)`,
  ),
  v.transform((text) => text as ProcessId),
);

/** Short form: a process id, meaning "messaging". Long form: a process id and any JSON. */
export const capabilityEntrySchema = v.union(
  [
    processIdText,
    v.pipe(
      v.object({ process: processIdText, params: v.unknown() }),
      v.check((entry) => "params" in entry, 'the key "params" is missing'),
    ),
  ],
  'a capability is a process id ("vfs:distro:sys") or {"process": "<process id>", "params": <any JSON>}',
);

const byte = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
const bytes = v.array(byte, "a list of bytes is expected");

const onExitBlobSchema = v.nullish(v.object({ mime: v.nullish(v.string()), bytes }));

const onExitRequestSchema = v.tuple(
  [
    v.pipe(
      v.string("an address (node@process:package:publisher) is expected"),
      v.check(isAddressText, "this is not an address (node@process:package:publisher)"),
    ),
    v.object({
      inherit: v.optional(v.boolean(), false),
      expects_response: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
      body: bytes,
      metadata: v.nullish(v.string()),
      capabilities: v.optional(v.array(v.object({ issuer: v.string(), params: v.string() })), []),
    }),
    onExitBlobSchema,
  ],
  'an on-exit request is ["<address>", {"inherit", "expects_response", "body", "metadata", "capabilities"}, <blob or null>]',
);

export const onExitSchema = v.union(
  [v.literal("None"), v.literal("Restart"), v.object({ Requests: v.array(onExitRequestSchema) })],
  'on_exit is "None", "Restart" or {"Requests": [..]}',
);

const flag = (name: string) => v.boolean(`"${name}" is true or false`);

/** One process. The capability lists are checked one by one, so that lax reading can skip a bad one. */
export const manifestEntrySchema = v.object(
  {
    process_name: v.pipe(
      v.string('"process_name" is a text'),
      v.regex(
        SAFE_NAME,
        (issue) => `"${issue.input}" is not a process name: only a-z, 0-9 and - may be used`,
      ),
    ),
    process_wasm_path: v.pipe(
      v.string('"process_wasm_path" is a text'),
      v.regex(/\.(?:wasm|js)$/, (issue) => `"${issue.input}" ends neither in .wasm nor in .js`),
      v.check(
        (path) => !path.split("/").includes(".."),
        (issue) => `"${issue.input}" leaves the package: ".." may not be used`,
      ),
    ),
    on_exit: onExitSchema,
    request_networking: flag("request_networking"),
    request_capabilities: v.array(v.unknown(), '"request_capabilities" is a list'),
    grant_capabilities: v.array(v.unknown(), '"grant_capabilities" is a list'),
    public: flag("public"),
    remote: v.optional(
      v.picklist(["any", "capability", "none"], '"remote" is "any", "capability" or "none"'),
    ),
  },
  "a process is an object with process_name, process_wasm_path, on_exit, request_networking, request_capabilities, grant_capabilities and public",
);

const optionalText = v.nullish(v.string());

export const metadataSchema = v.object({
  name: optionalText,
  description: optionalText,
  image: optionalText,
  external_url: optionalText,
  animation_url: optionalText,
  properties: v.object(
    {
      package_name: v.pipe(
        v.string('"package_name" is a text'),
        v.regex(
          SAFE_NAME,
          (issue) => `"${issue.input}" is not a package name: only a-z, 0-9 and - may be used`,
        ),
      ),
      publisher: v.pipe(
        v.string('"publisher" is a text'),
        v.check(
          isNameSafeNode,
          (issue) => `"${issue.input}" is not a node name: only a-z, 0-9, - and . may be used`,
        ),
      ),
      current_version: v.pipe(
        v.string('"current_version" is a text'),
        v.regex(SEMVER, (issue) => `"${issue.input}" is not a version like 1.2.3`),
      ),
      mirrors: v.array(v.string(), '"mirrors" is a list of node ids and addresses'),
      code_hashes: v.record(
        v.string(),
        v.string(),
        '"code_hashes" maps versions to SHA-256 hashes',
      ),
      license: optionalText,
      screenshots: v.nullish(v.array(v.string())),
      wit_version: v.nullish(
        v.picklist(
          [0, 1],
          (issue) =>
            `this node knows wit_version null (0.7.0), 0 (0.8.0) and 1 (1.0.0), not ${JSON.stringify(issue.input)}`,
        ),
      ),
      dependencies: v.nullish(v.array(v.string())),
      api_includes: v.nullish(v.array(v.string())),
    },
    '"properties" with package_name, publisher, current_version, mirrors and code_hashes is missing',
  ),
});

export const scriptEntrySchema = v.object(
  {
    root: flag("root"),
    public: flag("public"),
    request_networking: flag("request_networking"),
    request_capabilities: v.nullish(v.array(v.unknown(), '"request_capabilities" is a list')),
    grant_capabilities: v.nullish(v.array(v.unknown(), '"grant_capabilities" is a list')),
    wit_version: v.nullish(v.picklist([0, 1], '"wit_version" is 0, 1 or null')),
  },
  "a script is an object with root, public and request_networking",
);
