/**
 * Short names for scripts. The built-in ones are always there unless the user has removed or changed them; only the
 * user's changes are stored, so that a new release can bring new ones.
 * Source: spec/packages-and-tools.md §19.1, §26 row 11.
 * @module
 */
import { state } from "@kinode-ts/stdlib";
import { toProcessId } from "./command-line.ts";

/** Those of the reference, then ours. */
const BUILT_IN: readonly string[] = [
  "alias",
  "cat",
  "echo",
  "help",
  "hi",
  "kill",
  "kfetch",
  "m",
  "net-diagnostics",
  "peer",
  "peers",
  "top",
  "add-node-provider",
  "add-rpcurl-provider",
  "caps",
  "cd",
  "clear-state",
  "cp",
  "get-block",
  "get-providers",
  "grep",
  "head",
  "hfetch",
  "logs",
  "ls",
  "mkdir",
  "mv",
  "namehash-to-name",
  "ps",
  "pwd",
  "remove-provider",
  "rm",
  "tail",
  "trace",
  "wc",
  "which",
  "whoami",
  "write",
];

export type EditOutcome = "AliasSet" | "AliasRemoved" | "AliasNotFound" | "InvalidProcessId";

/** What is stored: alias → process id, or `null` for a built-in one that was removed. */
interface StoredAliases {
  readonly version: 1;
  readonly edits: Readonly<Record<string, string | null>>;
}

function parseStored(value: unknown): StoredAliases {
  const stored = value as StoredAliases;
  if (stored?.version !== 1 || typeof stored.edits !== "object") {
    throw new TypeError("the stored aliases are of an unknown version");
  }
  return stored;
}

export class Aliases {
  readonly #edits: Map<string, string | null>;

  private constructor(edits: Map<string, string | null>) {
    this.#edits = edits;
  }

  /** What is stored, or only the built-in ones when that cannot be read. */
  static async load(): Promise<Aliases> {
    try {
      const stored = await state.load(parseStored);
      return new Aliases(new Map(Object.entries(stored?.edits ?? {})));
    } catch {
      return new Aliases(new Map());
    }
  }

  find(alias: string): string | undefined {
    const edited = this.#edits.get(alias);
    if (edited !== undefined) return edited ?? undefined;
    return BUILT_IN.includes(alias) ? `${alias}:terminal:sys` : undefined;
  }

  /** All of them, by name. */
  list(): Readonly<Record<string, string>> {
    const names = new Set([...BUILT_IN, ...this.#edits.keys()]);
    const found = [...names].toSorted().flatMap((name) => {
      const script = this.find(name);
      return script === undefined ? [] : [[name, script] as const];
    });
    return Object.fromEntries(found);
  }

  /** Settles when the change is stored. */
  async edit(alias: string, process: string | null): Promise<EditOutcome> {
    const outcome = this.#apply(alias, process);
    if (outcome === "AliasSet" || outcome === "AliasRemoved") {
      await state.save({ version: 1, edits: Object.fromEntries(this.#edits) });
    }
    return outcome;
  }

  #apply(alias: string, process: string | null): EditOutcome {
    if (process !== null) {
      if (toProcessId(process) === undefined) return "InvalidProcessId";
      this.#edits.set(alias, process);
      return "AliasSet";
    }
    if (this.find(alias) === undefined) return "AliasNotFound";
    if (BUILT_IN.includes(alias)) this.#edits.set(alias, null);
    else this.#edits.delete(alias);
    return "AliasRemoved";
  }
}
