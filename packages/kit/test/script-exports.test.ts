/** A script that exports a WIT interface, composed with a component that imports it, run as a process. */
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { packScript, readEngine } from "@kinode-ts/engine";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { composeComponents } from "../src/index.ts";
import { exportedInterface } from "../src/wit/exported-interface.ts";
import { parseWit } from "../src/wit/parse-wit.ts";
import { resolveWit } from "../src/wit/resolve-wit.ts";
import { DirectLink } from "../../testing/src/direct-link.ts";
import { loadComponent } from "../../component/src/load-component.ts";
import { address, LIMITS, options } from "../../component/test/run-guest.ts";
import { PROCESS } from "./wit-texts.ts";

const PRELUDE = readFileSync(join(import.meta.dir, "../../testing/guests/wat/prelude.txt"), "utf8");
const PACKAGE = { namespace: "kinode", name: "process", version: "1.0.0" };

const WIT = `${PROCESS}
interface voice {
  use standard.{address};
  enum mood { calm, very-loud }
  variant answer { said(string), refused(mood) }
  shout: func(text: string, times: u8, to: option<address>) -> result<answer, mood>;
}
world app { import voice; include process-v1; }
`;

/** Asks for "hey" three times and prints the answer; then not at all, and prints "no" when that is an error. */
const APP = `(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (import "kinode:process/voice@1.0.0" "shout"
    (func $shout (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (; prelude ;)
  (data (i32.const 8) "hey no ")
  (func $ask (param $times i32)
    (call $shout (i32.const 8) (i32.const 3) (local.get $times)
      (i32.const 1) (i32.const 8) (i32.const 3) (i32.const 8) (i32.const 3) (i32.const 8) (i32.const 3) (i32.const 8) (i32.const 3)
      (i32.const 2048)))
  (func (export "init") (param i32 i32)
    (local $i i32)
    (loop $again
      (call $ask (i32.const 3))
      (if (i32.load8_u (i32.const 2048)) (then unreachable))
      (if (i32.load8_u (i32.const 2052)) (then unreachable))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 50))))
    (call $print (i32.const 0) (i32.load (i32.const 2056)) (i32.load (i32.const 2060)))
    (call $ask (i32.const 0))
    (if (i32.and (i32.eq (i32.load8_u (i32.const 2048)) (i32.const 1)) (i32.eq (i32.load8_u (i32.const 2052)) (i32.const 1)))
      (then (call $print (i32.const 0) (i32.const 12) (i32.const 2))))))`;

/** Its first call waits for a promise; it prints through the process it is part of. */
const SCRIPT = `let calls = 0;
kinode.exportInterface("kinode:process/voice@1.0.0", {
  async shout(text, times, to) {
    if (calls++ === 0) console.log("to", JSON.stringify(to), "of", kinode.our());
    await null;
    if (times === 0) throw { payload: "very-loud" };
    return { tag: "said", val: Array(times).fill(text.toUpperCase()).join("") + calls };
  },
});`;

test("its functions are called by the component it is linked into", async () => {
  const documents = [parseWit(WIT)];
  const { interfaces } = resolveWit(documents, { defaultPackage: PACKAGE });
  const voice = exportedInterface(interfaces.get("kinode:process/voice@1.0.0")!);
  const plug = packScript(await readEngine(), SCRIPT, { exports: [voice] });
  const socket = await componentNew(
    await componentEmbed({
      binary: await parse(APP.replace("(; prelude ;)", PRELUDE)),
      witSource: WIT,
      world: "app",
      stringEncoding: "utf8",
    }),
  );
  const program = await loadComponent(composeComponents(socket, plug), options());
  const host = new DirectLink().createHost(address("app"), true);
  const ending = await program.start(host, LIMITS).ended;
  expect(ending).toEqual({ kind: "returned" });
  expect(host.lines).toEqual([
    expect.stringMatching(
      /^to \{"node":"hey","process":\{"processName":"hey","packageName":"hey","publisherNode":"hey"\}\} of .*@app:/,
    ),
    "HEYHEYHEY50",
    "no",
  ]);
}, 120_000);
