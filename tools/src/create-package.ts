/**
 * `bun tools/src/create-package.ts <name> --layer <n> --side <shared|host|guest|dev> "<one sentence>"`:
 * a new package that passes every check from its first minute.
 * @module
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, type Side } from "./workspace.ts";

export interface NewPackage {
  readonly name: string;
  readonly layer: number;
  readonly side: Side;
  /** One sentence without a full stop. */
  readonly description: string;
}

const SIDES: readonly string[] = ["shared", "host", "guest", "dev"];

if (import.meta.main) process.exit(main());

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    // Anything unknown, and "--help", ends in the list of what is taken.
    strict: false,
    options: { layer: { type: "string" }, side: { type: "string" } },
  });
  const [name = "", description = ""] = positionals;
  const layer = Number(values.layer);
  const side = String(values.side ?? "");
  const faults = [
    ...(/^[a-z][a-z0-9-]*$/.test(name)
      ? []
      : [`"${name}" is no name: small letters, digits and dashes`]),
    ...(Number.isInteger(layer) && layer >= 0
      ? []
      : [`--layer takes a whole number from 0 (ARCHITECTURE.md)`]),
    ...(SIDES.includes(side) ? [] : [`--side takes one of ${SIDES.join(", ")}`]),
    ...(description.length > 0 ? [] : ["Say in one sentence what the package is for"]),
    ...(existsSync(join(ROOT, "packages", name, "package.json"))
      ? [`packages/${name} exists`]
      : []),
  ];
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) {
    const sides = SIDES.join("|");
    console.error(
      `Usage: bun tools/src/create-package.ts <name> --layer <n> --side <${sides}> "<one sentence>"`,
    );
    return 2;
  }
  for (const [file, text] of packageFiles({ name, layer, side: side as Side, description })) {
    const path = join(ROOT, "packages", name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  console.log(`Made packages/${name}; next: bun install`);
  return 0;
}

/** The files of a new package, by path inside it. */
export function packageFiles({ name, layer, side, description }: NewPackage): Map<string, string> {
  const entry = {
    types: { bun: "./src/index.ts", default: "./dist/index.d.ts" },
    bun: "./src/index.ts",
    default: "./dist/index.js",
  };
  const manifest = {
    name: `@kinode-ts/${name}`,
    version: "0.1.0",
    description,
    license: "Apache-2.0",
    type: "module",
    sideEffects: false,
    kinode: { layer, side },
    files: ["dist", "src", "!src/**/*.test.ts", "!src/**/*.bench.ts"],
    exports: { ".": entry, "./package.json": "./package.json" },
    scripts: {
      build: "bun ../../tools/src/build-package.ts",
      check: "bun check --no-script",
      test: "bun test",
    },
    dependencies: {},
    devDependencies: { "@types/bun": "catalog:" },
  };
  const config = {
    extends: "../../tsconfig.base.json",
    compilerOptions: { types: ["bun"] },
    include: ["src", "test"],
  };
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  return new Map([
    ["package.json", json(manifest)],
    [
      "tsconfig.json",
      json(config).replace(
        /\[\n\s+("[^\]]*")\n\s+\]/g,
        (_, list: string) => `[${list.replace(/\n\s+/g, " ")}]`,
      ),
    ],
    ["README.md", readme({ name, layer, side, description })],
    [
      "src/index.ts",
      `/**\n * ${description}.\n * @module\n */\nexport { example } from "./example.ts";\n`,
    ],
    [
      "src/example.ts",
      `/**\n * Replace this file by the first idea of the package.\n * @module\n */\n\n/** Says what it is told. */\nexport function example(text: string): string {\n  return text;\n}\n`,
    ],
    [
      "src/index.test.ts",
      `import { expect, test } from "bun:test";\nimport * as all from "./index.ts";\n\ntest("public names of @kinode-ts/${name}", () => {\n  expect(Object.keys(all).sort()).toEqual(["example"]);\n});\n`,
    ],
  ]);
}

function readme({ name, layer, side, description }: NewPackage): string {
  return [
    `# @kinode-ts/${name}`,
    "",
    `${description}: layer ${layer}, ${side} side.`,
    "",
    "```ts",
    `import { example } from "@kinode-ts/${name}";`,
    "",
    'console.log(example("hello")); // hello',
    "```",
    "",
    "## Limits",
    "",
    "None yet.",
    "",
  ].join("\n");
}
