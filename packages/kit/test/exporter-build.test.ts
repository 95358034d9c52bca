/** `kinode build` of functions in TypeScript, linked into a program of another language and run as a process. */
import {
  componentEmbed,
  componentNew,
  componentWit,
  parse,
} from "@bytecodealliance/jco-transpile/wasm-tools";
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildPackage, type Language } from "../src/index.ts";
import { witText } from "../src/languages/make-component-bun.ts";
import { DirectLink } from "../../testing/src/direct-link.ts";
import { loadComponent } from "../../component/src/load-component.ts";
import { address, LIMITS, options } from "../../component/test/run-guest.ts";

const PRELUDE = readFileSync(join(import.meta.dir, "../../testing/guests/wat/prelude.txt"), "utf8");
const root = mkdtempSync(join(tmpdir(), "kit-exporter-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Knows folders with a `main.wat`; `world.txt` beside it names the world. */
const wat: Language = {
  id: "c",
  label: "Text",
  owns: (source) => existsSync(join(source, "main.wat")),
  missingTools: async () => [],
  extraInputs: () => [],
  build: async ({ witFolder, sourceFolder }) => {
    const text = readFileSync(join(sourceFolder, "main.wat"), "utf8");
    const binary = await parse(text.replace("(; prelude ;)", PRELUDE));
    const world = readFileSync(join(sourceFolder, "world.txt"), "utf8").trim();
    return componentNew(await componentEmbed({ binary, witSource: witText(witFolder), world }));
  },
};

const metadata = (name: string): string =>
  JSON.stringify({
    properties: {
      ...{ package_name: name, publisher: "example.os", current_version: "1.0.0" },
      ...{ mirrors: [], code_hashes: {}, wit_version: 1 },
    },
  });

function folder(name: string, files: Readonly<Record<string, string>>): string {
  const all = { "metadata.json": metadata(name), "pkg/manifest.json": "[]", ...files };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, name, file)), { recursive: true });
    writeFileSync(join(root, name, file), text);
  }
  return join(root, name);
}

const WIT = `interface scores {
  use standard.{process-id};
  type score = u32;
  type scores = list<score>;
  record player { name: string, owner: option<process-id>, best: score }
  enum refusal { unknown, too-low }
  /// Adds up.
  total: func(of: scores, player: player) -> result<score, refusal>;
}
world scores-api-v0 { export scores; }
`;

const SCORES = `
import { exportInterface } from "@kinode-ts/stdlib";
import { Refusal } from "@kinode-ts/stdlib/api";
import { scoresInterface, type ScoresFunctions } from "../target/api/scores.example.os/scores.ts";
exportInterface<ScoresFunctions>(scoresInterface, {
  async total(of, player) {
    await null;
    const sum = of.reduce((a, b) => a + b, player.best);
    if (sum < 10) throw new Refusal("too-low");
    return sum;
  },
});
`;

/** total([1, 2, 30], { name: "ab", owner: none, best: 9 }) = 42, and total([], …, best 9) is too low. */
const APP = `(module
  (import "kinode:process/scores@1.0.0" "total"
    (func $total (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (; prelude ;)
  (data (i32.const 8) "\\01\\00\\00\\00\\02\\00\\00\\00\\1e\\00\\00\\00")
  (data (i32.const 64) "ab")
  (data (i32.const 72) "right")
  (func $call (param $count i32)
    (call $total (i32.const 8) (local.get $count) (i32.const 64) (i32.const 2)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 9) (i32.const 1024)))
  (func (export "init") (param i32 i32)
    (call $call (i32.const 3))
    (if (i32.load8_u (i32.const 1024)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 1028)) (i32.const 42)) (then unreachable))
    (call $call (i32.const 0))
    (if (i32.ne (i32.load8_u (i32.const 1024)) (i32.const 1)) (then unreachable))
    (if (i32.ne (i32.load8_u (i32.const 1028)) (i32.const 1)) (then unreachable))
    (call $print (i32.const 0) (i32.const 72) (i32.const 5))))`;

const manifest = (path: string): string =>
  JSON.stringify([
    {
      ...{ process_name: "app", process_wasm_path: path, on_exit: "None", public: true },
      ...{ request_networking: false, request_capabilities: [], grant_capabilities: [] },
    },
  ]);

test("[P23] functions in TypeScript are linked into a program that imports them, and run", async () => {
  const scores = folder("scores", {
    "api/scores:example.os-v0.wit": WIT,
    "scores-api/main.ts": SCORES,
  });
  const app = folder("app", {
    "pkg/manifest.json": manifest("/app.wasm"),
    "package.json": JSON.stringify({ kinode: { dependencies: ["../scores"] } }),
    "api/app:example.os-v0.wit": "world app-v0 { import scores; include process-v1; }",
    "app/main.wat": APP,
    "app/world.txt": "app-v0",
  });
  const report = await buildPackage(app, { languages: [wat] });
  expect(report.built).toEqual(["app.wasm", "api.zip"]);
  expect(existsSync(join(scores, "target/api/scores-api.wasm"))).toBe(true);
  expect(existsSync(join(scores, "pkg/scores-api.wasm"))).toBe(false);

  const bytes = new Uint8Array(readFileSync(join(app, "pkg/app.wasm")));
  // The common tools check that each side has every type that the other names.
  expect(await componentWit(bytes)).toContain("export init");
  const host = new DirectLink().createHost(address("app"), true);
  const program = await loadComponent(bytes, options());
  expect(await program.start(host, LIMITS).ended).toEqual({ kind: "returned" });
  expect(host.lines).toEqual(["right"]);

  // Another interface is another program, on both sides.
  const wit = WIT.replace(
    "name: string, owner: option<process-id>,",
    "name: string, owner: string,",
  );
  writeFileSync(join(scores, "api/scores:example.os-v0.wit"), wit);
  const text = APP.replace(
    "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)",
    "(param i32 i32 i32 i32 i32 i32 i32 i32)",
  );
  const shorter = text.replace(
    "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)\n",
    "(i32.const 64) (i32.const 1)\n",
  );
  writeFileSync(join(app, "app/main.wat"), shorter);
  expect((await buildPackage(app, { languages: [wat] })).built).toEqual(["app.wasm"]);
  const again = await loadComponent(
    new Uint8Array(readFileSync(join(app, "pkg/app.wasm"))),
    options(),
  );
  const other = new DirectLink().createHost(address("app"), true);
  expect(await again.start(other, LIMITS).ended).toEqual({ kind: "returned" });
}, 120_000);

test("an exporter without a world that says what it exports is refused", async () => {
  const path = folder("lost", {
    "api/lost:example.os-v0.wit": "interface lost { f: func(); }",
    "lost-api/main.ts": "export {};",
  });
  await expect(buildPackage(path)).rejects.toThrow(
    'no world in api/*.wit says what "lost-api" exports; add world lost-api-v0 { export <interface>; }',
  );
});
