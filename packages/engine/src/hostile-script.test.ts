/**
 * Scripts that mean harm: each ends in an error the script can catch, or in its own end; the node goes on.
 */
import { describe, expect, test } from "bun:test";
import { processorMs } from "@kinode-ts/testing/processor-time";
import { FakeHost } from "../test/fake-host.ts";
import { LIMITS, runScript, sandbox, startScript } from "../test/run-script.ts";

const main = (body: string): string => `kinode.main(async () => { ${body} });`;
/** Runs `body` with a depth that grows until it throws, and prints what was thrown. */
const deeper = (body: string): string =>
  main(`for (let d = 100; ; d = Math.floor(d * 1.5)) {
    try { if (d > 2e5) throw new Error("no end"); ${body} } catch (e) { console.log(e.name + ": " + e.message); return; }
  }`);

const STACK = "0 RangeError: Maximum call stack size exceeded";
/** One for each function in FRAME_WEIGHTS of engine/build.ts, and what recursion looks like in scripts. */
const RECURSIONS: readonly (readonly [string, string, string])[] = [
  ["calls", "const f = (n) => n && f(n - 1); f(d)", STACK],
  ["parsed JSON", "JSON.parse('['.repeat(d) + ']'.repeat(d))", STACK],
  ["revived JSON", "JSON.parse('['.repeat(d) + ']'.repeat(d), (k, v) => v)", STACK],
  ["written JSON", "let a = []; for (let i = 0; i < d; i++) a = [a]; JSON.stringify(a)", STACK],
  ["flattened arrays", "let a = []; for (let i = 0; i < d; i++) a = [a]; a.flat(Infinity)", STACK],
  ["joined arrays", "let a = []; for (let i = 0; i < d; i++) a = [a]; a.join()", STACK],
  ["source of arrays", "(0, eval)('['.repeat(d) + ']'.repeat(d))", STACK],
  ["source of parentheses", "(0, eval)('('.repeat(d) + '1' + ')'.repeat(d))", STACK],
  ["source of blocks", "(0, eval)('{'.repeat(d) + '}'.repeat(d))", STACK],
  ["source of conditions", "(0, eval)('if(1)'.repeat(d) + ';')", STACK],
  ["source of functions", "(0, eval)('(()=>'.repeat(d) + '1' + ')'.repeat(d))", STACK],
  ["source of classes", "(0, eval)('(class{static x='.repeat(d) + '1' + '})'.repeat(d))", STACK],
  ["source of templates", "(0, eval)('`${'.repeat(d) + '1' + '}`'.repeat(d))", STACK],
  ["source of operators", "(0, eval)('!'.repeat(d) + '1')", STACK],
  [
    "regular expressions",
    "new RegExp('(?:'.repeat(d) + ')'.repeat(d))",
    "0 SyntaxError: stack overflow",
  ],
  [
    "getters",
    "let o = { x: 1 }; for (let i = 0; i < d; i++) { const q = o; o = { get x() { return q.x } } } o.x",
    STACK,
  ],
  ["proxies", "let o = {}; for (let i = 0; i < d; i++) o = new Proxy(o, {}); o.x", STACK],
  ["bound functions", "let f = () => 1; for (let i = 0; i < d; i++) f = f.bind(null); f()", STACK],
  ["sorting", "const h = (n) => n && [1, 2].sort(() => (h(n - 1), 0)); h(d)", STACK],
  ["conversions", "const h = (n) => (n ? `${{ toString: () => h(n - 1) }}` : ''); h(d)", STACK],
  ["generators", "function* h(n) { if (n) yield* h(n - 1) } [...h(d)]", STACK],
];

describe("a script in the sandbox", () => {
  for (const [name, body, expected] of RECURSIONS) {
    test(`can catch the end of its stack: ${name}`, async () => {
      const { host, ending } = await runScript(sandbox, deeper(body));
      expect(host.prints).toEqual([expected]);
      expect(ending).toEqual({ kind: "returned" });
    });
  }

  test("that never ends is killed, and other scripts run meanwhile", async () => {
    class FairHost extends FakeHost {
      override sliceIsOver(): boolean {
        return true;
      }
    }
    const program = await sandbox.prepare({
      handle: "/loop.js",
      bytes: new TextEncoder().encode("for (;;) {}"),
    });
    const host = new FairHost();
    const process = program.start(host, LIMITS);
    const { host: other } = await runScript(sandbox, main("console.log('alive')"));
    expect(other.prints).toEqual(["0 alive"]);
    const startedMs = processorMs();
    host.killed = true;
    process.kill();
    expect(await process.ended).toEqual({ kind: "killed" });
    expect(processorMs() - startedMs).toBeLessThan(2_000);
  });

  test("that fills its memory gets an error it can catch and stays below its limit", async () => {
    const bomb = main(`const kept = [];
      try { for (;;) kept.push(new Uint8Array(1 << 20)) } catch (e) { kept.length = 0; console.log(e.name + ": " + e.message) }
      try { let s = "x"; for (;;) s += s } catch (e) { console.log(e.name) }`);
    const { host, process, ending } = await startScript(sandbox, bomb);
    expect(await ending).toEqual({ kind: "returned" });
    expect(host.prints[0]).toBe("0 InternalError: out of memory");
    expect(host.prints).toHaveLength(2);
    expect(process.usage().memoryBytes).toBeLessThanOrEqual(LIMITS.maxMemoryBytes);
  });

  test("that makes huge strings gets errors it can catch", async () => {
    const script = main(`
      const target = "bob.os@other:pkg:sys";
      const attempt = (f) => { try { f(); console.log("no error") } catch (e) { console.log(e.name) } };
      attempt(() => "x".repeat(2 ** 30));
      attempt(() => kinode.sendRequest({ target, body: "\u20ac".repeat(20_000_000) }));
      attempt(() => kinode.sendRequest({ target: "x".repeat(1_000_000), body: "" }));
      attempt(() => new Uint8Array(2 ** 32));
      attempt(() => JSON.parse("[" + "1,".repeat(20_000_000) + "1]"));`);
    const { host, ending } = await runScript(sandbox, script);
    expect(ending).toEqual({ kind: "returned" });
    expect(host.prints).toHaveLength(5);
    expect(host.prints).not.toContain("0 no error");
  });

  test("that changes its arguments while they are read harms only itself", async () => {
    const script = main(`
      const target = "bob.os@other:pkg:sys";
      const body = new Uint8Array(4096);
      const detach = () => structuredClone.call(null, 1) && body.buffer.transfer();
      try { kinode.sendRequest({ target, body, get metadata() { detach(); return "m" } }) } catch (e) { console.log(e.name + ": " + e.message) }
      kinode.sendRequest({ target, get body() { kinode.sendRequest({ target, body: "inner" }); return "outer" } });`);
    const { host, ending } = await runScript(sandbox, script);
    expect(ending).toEqual({ kind: "returned" });
    expect(host.prints).toEqual([
      '0 TypeError: kinode: "body" must be a Uint8Array that is not detached',
    ]);
    const bodies = host.calls.map(([, , request]) =>
      new TextDecoder().decode((request as { body: Uint8Array }).body),
    );
    expect(bodies).toEqual(["inner", "outer"]);
  });

  test("that waits for nothing ends with a text instead of hanging", async () => {
    const { ending } = await runScript(sandbox, main("await new Promise(() => {})"));
    expect(ending.kind === "trapped" && ending.stderr).toContain(
      "waits for something that can never happen",
    );
  });

  test("that throws something strange ends with a text", async () => {
    const thrown = [
      "null",
      "undefined",
      "Symbol()",
      "{ toString() { throw 1 } }",
      "{ get stack() { throw 1 } }",
      "'text'",
    ];
    for (const value of thrown) {
      const { ending } = await runScript(
        sandbox,
        main(`throw ${value.startsWith("{") ? `(${value})` : value}`),
      );
      expect(ending.kind).toBe("trapped");
    }
  });

  test("is told of rejections nobody handles", async () => {
    const { host, ending } = await runScript(
      sandbox,
      main("Promise.reject(new Error('lost')); await null"),
    );
    expect(ending).toEqual({ kind: "returned" });
    expect(host.prints[0]).toStartWith("0 Unhandled rejection: Error: lost");
  });

  test("cannot reach what the prelude was built from", async () => {
    const { host } = await runScript(
      sandbox,
      main("console.log(typeof __natives, Object.isFrozen(kinode)); kinode = 1"),
    );
    expect(host.prints[0]).toBe("0 undefined true");
  });
});
