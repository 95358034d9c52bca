/**
 * A packed script linked by jco instead of our own linker: shows that the file is a valid component, and that its exported
 * functions take and give what another implementation of the canonical ABI does.
 */
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Functions by interface; a part that nobody calls is missing. */
type Imports = Record<string, Record<string, unknown>>;

const STANDARD = "kinode:process/standard";

/** Every function of WASI and of the process interface that the component names, refusing to be called. */
function refusing(source: string): Imports {
  const imports: Imports = {};
  for (const [, name] of source.matchAll(/imports\['([^']+)'\]/g)) {
    imports[name!] = new Proxy(
      {},
      {
        get: (_, member) => {
          const refuse = (): never => {
            throw new Error(`${name}#${String(member)} was called`);
          };
          // a resource is a class with methods
          return /^[A-Z]/.test(String(member)) ? class {} : refuse;
        },
      },
    );
  }
  return imports;
}

export interface JcoScript {
  readonly init: (our: string) => void;
  readonly exports: Record<string, Record<string, (...values: unknown[]) => unknown>>;
  readonly printed: string[];
}

/** Instantiates with a host that can print, tell the time and give random bytes, and nothing else. */
export async function linkByJco(component: Uint8Array): Promise<JcoScript> {
  const { files } = await transpileBytes(component, {
    name: "script",
    instantiation: "async",
    wasiShim: false,
    nodejsCompat: false,
  });
  const folder = mkdtempSync(join(tmpdir(), "jco-script-"));
  try {
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const source = await Bun.file(join(folder, "script.js")).text();
    const { instantiate } = (await import(join(folder, "script.js"))) as {
      instantiate(
        load: (path: string) => Promise<WebAssembly.Module>,
        imports: Imports,
      ): Promise<JcoScript["exports"]>;
    };
    const printed: string[] = [];
    const imports = refusing(source);
    const standard = imports[STANDARD]!;
    imports[STANDARD] = new Proxy(standard, {
      get: (_, member) =>
        member === "printToTerminal"
          ? (_level: number, text: string) => void printed.push(text)
          : standard[String(member)],
    });
    imports["wasi:random/random"] = {
      getRandomBytes: (length: bigint) => new Uint8Array(Number(length)).fill(7),
    };
    const { init, ...exports } = await instantiate(
      (path) => WebAssembly.compile(new Uint8Array(files[path] as Uint8Array)),
      imports,
    );
    return { init: init as unknown as JcoScript["init"], exports, printed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
