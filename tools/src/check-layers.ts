/**
 * `bun tools/src/check-layers.ts`: checks the ladder of this repository; faults one a line, exit code 1.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkLadder, type Import, type MemberImports } from "./ladder.ts";
import { type Member, readMembers, ROOT } from "./workspace.ts";

if (import.meta.main) {
  const faults = checkLadder(readMembers().map(readImports));
  for (const fault of faults) console.error(fault);
  process.exit(faults.length === 0 ? 0 : 1);
}

/** Reads the import statements of one member's sources and tests. */
export function readImports(member: Member): MemberImports {
  const folder = join(ROOT, member.folder);
  const files = ["src", "test"]
    .filter((part) => existsSync(join(folder, part)))
    .flatMap((part) =>
      readdirSync(join(folder, part), { recursive: true, encoding: "utf8" }).map(
        (file) => `${part}/${file}`,
      ),
    )
    .filter((file) => /\.tsx?$/.test(file));
  return { member, imports: files.flatMap((file) => importsOf(folder, file)) };
}

function importsOf(folder: string, file: string): Import[] {
  const text = readFileSync(join(folder, file), "utf8").replace(/^#!.*/, "");
  const transpiler = new Bun.Transpiler({ loader: file.endsWith("x") ? "tsx" : "ts" });
  const specifiers = new Set(transpiler.scanImports(text).map((entry) => entry.path));
  // The scan leaves out `import type`, which must keep to the ladder as well.
  for (const match of text.matchAll(/^\s*(?:import|export) type [^;"]*?from "([^"]+)"/gm)) {
    specifiers.add(match[1]!);
  }
  // The scan adds what it believes JSX becomes; manifests say what it really becomes.
  return [...specifiers]
    .filter((specifier) => !/^react($|\/jsx)/.test(specifier))
    .map((specifier) => ({ file, specifier }));
}
