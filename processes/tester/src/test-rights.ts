/**
 * `capabilities.json`: what each test asks for and gives.
 * Source: spec/packages-and-tools.md §20.1; objects as manifests have them are taken too (§26 row 12).
 * @module
 */
import type { SpawnGrant } from "@kinode-ts/stdlib";
import { Capability, parseJson, ProcessId, stringifyJson } from "@kinode-ts/stdlib";

/** What a test gets, and what others get from it. */
export interface TestRights {
  readonly request: readonly Capability[];
  readonly grant: readonly SpawnGrant[];
}

export const NO_RIGHTS: TestRights = { request: [], grant: [] };

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the file.
 * @param node - name of this node, for issuers
 * @throws {Error} what is wrong, and where
 */
export function readRights(text: string, node: string): ReadonlyMap<string, TestRights> {
  const value = parseJson(text);
  if (!isFields(value)) throw new TypeError("an object with the names of tests is expected");
  return new Map(
    Object.entries(value).map(([test, rights]) => {
      if (!isFields(rights)) throw new TypeError(`"${test}" is not an object`);
      const list = (key: string): readonly unknown[] => listOf(rights[key], `"${test}": "${key}"`);
      return [
        test,
        {
          request: list("request_capabilities").map((entry) => toCapability(entry, node)),
          grant: list("grant_capabilities").map(toGrant),
        },
      ];
    }),
  );
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TypeError(`${where} is not a list`);
  return value as readonly unknown[];
}

/** An entry is an id, which stands for messaging, or JSON: as text, or as it is. */
function entryOf(entry: unknown): unknown {
  if (typeof entry !== "string" || !/^\s*[[{]/.test(entry)) return entry;
  return parseJson(entry);
}

/** A process id; `{"issuer", "params"}`; or `{"process", "params"}` as in a manifest. */
function toCapability(written: unknown, node: string): Capability {
  const entry = entryOf(written);
  if (typeof entry === "string") {
    return Capability.messaging(`${node}@${ProcessId.parse(entry).toString()}`);
  }
  if (isFields(entry)) {
    const { issuer, process, params } = entry;
    if (typeof issuer === "string" && typeof params === "string") {
      return new Capability(issuer.replace(/^our@/, `${node}@`), params);
    }
    if (typeof process === "string" && params !== undefined) {
      return Capability.withJson(`${node}@${ProcessId.parse(process).toString()}`, params);
    }
  }
  throw notAnEntry(written, '{"issuer", "params"}');
}

/** A process id; `[process id, params]` with the params as JSON text; or `{"process", "params"}` as in a manifest. */
function toGrant(written: unknown): SpawnGrant {
  const entry = entryOf(written);
  if (typeof entry === "string") return { to: ProcessId.parse(entry) };
  if (Array.isArray(entry)) {
    const [to, params] = entry as readonly unknown[];
    if (entry.length === 2 && typeof to === "string" && typeof params === "string") {
      return { to: ProcessId.parse(to), params: parseJson(params) };
    }
  } else if (isFields(entry) && typeof entry["process"] === "string") {
    return { to: ProcessId.parse(entry["process"]), params: entry["params"] };
  }
  throw notAnEntry(written, "[process id, params]");
}

function notAnEntry(written: unknown, form: string): TypeError {
  const shown = typeof written === "string" ? written : stringifyJson(written);
  return new TypeError(`${shown} is neither a process id nor ${form}`);
}
