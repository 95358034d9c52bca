/** What exists inside a script, tried in the engine; docs/concepts/scripts.md lists it. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { runScript, sandbox } from "../test/run-script.ts";
import { ENGINE_GLOBALS } from "./engine-globals.ts";

async function lines(body: string): Promise<string[]> {
  const { host, ending } = await runScript(sandbox, `kinode.main(async () => { ${body} });`);
  expect(ending).toEqual({ kind: "returned" });
  return host.prints;
}

async function evaluate(expression: string): Promise<unknown> {
  return JSON.parse((await lines(`console.log(JSON.stringify(${expression}))`))[0]!.slice(2));
}

test("lazy globals are data properties that scripts may replace, and are made once", async () => {
  const expression = `(() => {
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "URL");
    const same = value === URL && URL === globalThis.URL && new URL("a:b") instanceof URL;
    globalThis.fetch = 5; structuredClone = 6;
    return [same, writable, enumerable, configurable, fetch, structuredClone, "Headers" in globalThis];
  })()`;
  expect(await evaluate(expression)).toEqual([true, true, false, true, 5, 6, true]);
});

test("a script may declare names of lazy globals itself", async () => {
  const { host } = await runScript(
    sandbox,
    `class URL { x = 1 } const fetch = () => 2; var Headers = 3;
     kinode.main(() => console.log(new URL().x, fetch(), Headers))`,
  );
  expect(host.prints).toEqual(["0 1 2 3"]);
});

test("events reach listeners once, in order, and stop when told to", async () => {
  expect(
    await lines(`
      const log = [], t = new EventTarget(), f = (e) => log.push(e.type + e.detail);
      t.addEventListener("x", f); t.addEventListener("x", f);
      t.addEventListener("x", { handleEvent: () => log.push("object") }, { once: true });
      t.dispatchEvent(new CustomEvent("x", { detail: 1 }));
      t.addEventListener("x", (e) => { e.preventDefault(); e.stopImmediatePropagation() });
      t.addEventListener("x", () => log.push("not reached"));
      const went = t.dispatchEvent(new CustomEvent("x", { detail: 2, cancelable: true }));
      t.removeEventListener("x", f);
      console.log(log.join(), went);`),
  ).toEqual(["0 x1,object,x2 false"]);
});

test("a listener that throws is reported and stops nobody", async () => {
  const printed = await lines(`
    const t = new EventTarget();
    t.addEventListener("x", () => { throw new Error("in a listener") });
    t.addEventListener("x", () => console.log("second"));
    t.dispatchEvent(new Event("x"));`);
  expect(printed[0]).toStartWith("0 Error: in a listener");
  expect(printed[1]).toBe("0 second");
});

test("abort signals tell, compose and cannot be made by hand", async () => {
  const expression = `(() => {
    const a = new AbortController(), b = new AbortController(), any = AbortSignal.any([a.signal, b.signal]);
    let told = 0, made = "";
    any.addEventListener("abort", () => told++); any.onabort = () => told++;
    b.abort("why"); a.abort();
    try { new AbortSignal() } catch (e) { made = e.name }
    let thrown; try { any.throwIfAborted() } catch (e) { thrown = e }
    return [any.aborted, any.reason, told, a.signal.reason.name, made, thrown];
  })()`;
  expect(await evaluate(expression)).toEqual([true, "why", 2, "AbortError", "TypeError", "why"]);
});

test("blobs, forms, headers, requests and responses work without a network", async () => {
  expect(
    await lines(`
      const blob = new Blob(["a€", new Uint8Array([33]), new Blob(["?"])], { type: "Text/Plain" });
      console.log(blob.size, blob.type, await blob.text(), await blob.slice(-2).text());
      const h = new Headers({ B: " 2 ", a: "1" }); h.append("A", "3"); h.append("set-cookie", "x"); h.append("set-cookie", "y");
      console.log(JSON.stringify([...h]));
      const r = Response.json({ n: 1 }, { status: 201 }); const copy = r.clone();
      console.log(r.status, r.headers.get("content-type"), (await r.json()).n, (await copy.json()).n, r.bodyUsed);
      const q = new Request("https://h/x", { method: "put", body: new Uint8Array([104, 105]) });
      console.log(q.method, await q.clone().text(), await q.text());
      for (const f of [() => new Headers([["a b", "1"]]), () => new Headers({ a: "b\\nc" }), () => new Request("https://h/", { body: "x" }), () => new Response("x", { status: 204 }), () => new Request("https://u:p@h/"), () => new Response(null, { status: 99 })])
        try { f(); console.log("no error") } catch (e) { console.log(e.name) }`),
  ).toEqual([
    "0 6 text/plain a€!? !?",
    `0 [["a","1, 3"],["b","2"],["set-cookie","x"],["set-cookie","y"]]`,
    "0 201 application/json 1 1 true",
    "0 PUT hi hi",
    "0 TypeError",
    "0 TypeError",
    "0 TypeError",
    "0 TypeError",
    "0 TypeError",
    "0 RangeError",
  ]);
});

test("the console shows values as consoles do", async () => {
  expect(
    await lines(`
      console.log("%s=%d %i %j %o%%", "a", 1.5, "7.9", { b: 1 }, [1], "rest", { c: [1, { d: "e" }] });
      const loop = { name: "loop" }; loop.self = loop;
      console.info(loop, new Map([["k", new Set([1n])]]), new Uint8Array([1, 2]), null, undefined, -0);
      console.warn(class A {}, function f() {}, Symbol("s"), new Date(0), /x/g, { get g() { throw 1 } }, new (class P { q = 1 })());
      console.group("group"); console.log("in\\nside"); console.groupEnd();
      console.count(); console.count(); console.assert(1); console.assert(false, "why");
      console.dir([]); console.time("t"); console.timeEnd("t"); console.debug("detail");`),
  ).toEqual([
    `0 a=1.5 7 {"b":1} [ 1 ]% rest { c: [ 1, { d: 'e' } ] }`,
    "0 { name: 'loop', self: [Circular] } Map(1) { 'k' => Set(1) { 1n } } Uint8Array(2) [ 1, 2 ] null undefined -0",
    "0 [class A] [Function: f] Symbol(s) 1970-01-01T00:00:00.000Z /x/g { g: [Getter] } P { q: 1 }",
    "0 group",
    "0   in\n  side",
    "0 default: 1",
    "0 default: 2",
    "0 Assertion failed: why",
    "0 []",
    expect.stringMatching(/^0 t: \d+\.\d{3} ms$/),
    "1 detail",
  ]);
});

test("errors are shown with their stack and their cause", async () => {
  const [shown] = await lines(
    `console.error(new TypeError("outer", { cause: new Error("inner") }));`,
  );
  expect(shown).toMatch(
    /^0 TypeError: outer\n\s+at .*script\.js:1:\d+.*\n\[cause\]: Error: inner\n\s+at /s,
  );
});

test("random UUIDs have version 4 and differ", async () => {
  const [a, b] = (await evaluate(`[crypto.randomUUID(), crypto.randomUUID()]`)) as string[];
  expect(a).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(a).not.toBe(b);
});

test("structuredClone keeps what data is", async () => {
  const expression = `(() => {
    const from = { re: /a/gi, buffer: new Uint8Array([1, 2]).buffer, view: new DataView(new ArrayBuffer(3)), nested: new Map([[{ k: 1 }, new Set([new Date(7)])]]), error: new TypeError("t", { cause: "c" }), big: 1n, hole: undefined };
    from.nested.set("self", from);
    const to = structuredClone(from), [[key, set]] = to.nested;
    return [to.re.source + to.re.flags, new Uint8Array(to.buffer).join(), to.view.byteLength, key.k, [...set][0].getTime(), to.nested.get("self") === to, to.error.name, to.error.cause, String(to.big), "hole" in to, to.buffer !== from.buffer];
  })()`;
  expect(await evaluate(expression)).toEqual([
    "agi",
    "1,2",
    3,
    1,
    7,
    true,
    "TypeError",
    "c",
    "1",
    true,
    true,
  ]);
});

test("docs/concepts/scripts.md lists every global beyond the language", async () => {
  const page = await Bun.file(join(import.meta.dir, "../../../docs/concepts/scripts.md")).text();
  const start = page.indexOf("## What exists inside a script");
  const table = page.slice(start, page.indexOf("\n## ", start));
  const first = ENGINE_GLOBALS.indexOf("DOMException");
  const beyond = ENGINE_GLOBALS.slice(first).filter((name) => name !== "kinode");
  expect(beyond.length).toBeGreaterThan(25);
  for (const name of beyond) {
    expect(table.includes(`\`${name}\``) || table.includes(`\`${name}.`)).toBe(true);
  }
});
