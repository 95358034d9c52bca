/**
 * One suite for both executors: the same scripts, the same calls, answers and endings.
 * Each case is a script and what the host is asked to do; the two recordings must be equal.
 */
import { describe, expect, test } from "bun:test";
import { parseAddress } from "@kinode-ts/types";
import { responseDelivery, sendErrorDelivery } from "../test/fake-host.ts";
import type { FakeHost } from "../test/fake-host.ts";
import { EXECUTORS, native, runScript, sandbox, startScript } from "../test/run-script.ts";

const T = "bob.os@other:pkg:sys";
const context = new Uint8Array([1, 2, 3]);

interface Case {
  readonly name: string;
  readonly script: string;
  readonly prepare?: (host: FakeHost) => void;
  readonly prints?: readonly string[];
}

const main = (body: string): string => `(() => { kinode.main(async (our) => { ${body} }); })();`;
const show =
  "const show = (value) => kinode.printToTerminal(0, String(JSON.stringify(value, (key, item) => " +
  "item instanceof Uint8Array ? [...item] : typeof item === 'bigint' ? `${item}n` : item)));";

const CASES: readonly Case[] = [
  {
    name: "our address",
    script: main(`kinode.printToTerminal(3, our + " " + kinode.our())`),
    prints: ["3 alice.os@script:pkg:sys alice.os@script:pkg:sys"],
  },
  {
    name: "a request with everything",
    script: main(`${show} show(await kinode.receive())`),
    prepare: (host) =>
      host.request("hé", {
        inherit: true,
        expectsResponse: 2n ** 63n,
        metadata: '{"a":1}',
        capabilities: [{ issuer: parseAddress(T), params: '"messaging"' }],
      }),
    prints: [
      `0 {"kind":"request","source":"${T}","inherit":true,"expectsResponse":"9223372036854775808n","body":[104,195,169],` +
        `"metadata":"{\\"a\\":1}","capabilities":[{"issuer":"${T}","params":"\\"messaging\\""}]}`,
    ],
  },
  {
    name: "a response with its context, then a send error",
    script: main(`${show} show(await kinode.receive()); show(await kinode.receive())`),
    prepare: (host) => {
      host.deliver(responseDelivery("yes", context));
      host.deliver(sendErrorDelivery("offline", context));
    },
    prints: [
      `0 {"kind":"response","source":"${T}","inherit":false,"body":[121,101,115],"capabilities":[],"context":[1,2,3]}`,
      `0 {"kind":"send-error","error":"offline","target":"${T}","body":[108,111,115,116],` +
        `"blob":{"mime":"text/plain","bytes":[98,108,111,98]},"context":[1,2,3]}`,
    ],
  },
  {
    name: "requests and responses as sent",
    script: main(`
      kinode.sendRequest({ target: "${T}", body: "text \\ud800 \\u{1f600}" });
      kinode.sendRequest({ target: "${T}", body: new Uint8Array([9, 8]).subarray(1), inherit: true, expectsResponse: 30,
        metadata: "m", capabilities: [{ issuer: our, params: "1" }], context: new Uint8Array([7]), blob: { mime: "a/b", bytes: new Uint8Array(3) } });
      kinode.sendRequest({ target: "our@vfs:distro:sys", body: new Uint8Array(), expectsResponse: 18446744073709551615n, blob: { bytes: new Uint8Array() } });
      kinode.sendRequests([{ target: "${T}", body: "1" }, { target: "c@d:e:f", body: "2", metadata: null }]);
      kinode.sendResponse({ body: "answer", blob: { bytes: new Uint8Array([5]) } });
      kinode.sendResponse({ body: "x", inherit: true, metadata: "é", capabilities: [] });
    `),
  },
  {
    name: "a large body there and back",
    script: main(
      `const { body } = await kinode.receive(); body[0] = 65; kinode.sendResponse({ body });`,
    ),
    prepare: (host) => host.request("b".repeat(300_000)),
  },
  {
    name: "awaiting a response, a failure, and the queue behind them",
    script: main(`${show}
      show(await kinode.sendAndAwaitResponse({ target: "${T}", body: "ok", expectsResponse: 1 }));
      show(await kinode.sendAndAwaitResponse({ target: "${T}", body: "bad", expectsResponse: 1 }));
      show((await kinode.receive()).kind)`),
    prepare: (host) => {
      host.request("later");
      host.answer = ({ body }) =>
        body.length === 2 ? responseDelivery("fine") : sendErrorDelivery("timeout");
    },
  },
  {
    name: "state, on-exit, capabilities, spawn and blobs",
    script: main(`${show}
      show(await kinode.getState()); await kinode.setState(new Uint8Array([1])); show(await kinode.getState());
      await kinode.clearState(); show(await kinode.getState());
      show(kinode.getOnExit()); kinode.setOnExit({ kind: "restart" }); show(kinode.getOnExit());
      kinode.setOnExit({ kind: "requests", requests: [{ target: "${T}", body: "bye", blob: { bytes: new Uint8Array([4]) } }] });
      show(kinode.getOnExit()); show(kinode.ourCapabilities());
      await kinode.saveCapabilities(kinode.ourCapabilities()); await kinode.dropCapabilities([]);
      show(await kinode.spawn({ name: "n", wasmPath: "/a.wasm", onExit: { kind: "none" }, requestCapabilities: [],
        grantCapabilities: [{ process: "a:b:c", params: "{}" }], public: true }));
      show([kinode.hasBlob(), kinode.getBlob(), kinode.lastBlob()])`),
    prepare: (host) => (host.blob = { mime: undefined, bytes: new Uint8Array([1, 2]) }),
  },
  {
    name: "a refused spawn",
    script: main(
      `${show} show(await kinode.spawn({ wasmPath: "x", onExit: { kind: "restart" }, requestCapabilities: [], grantCapabilities: [], public: false }))`,
    ),
    prepare: (host) => (host.spawned = { ok: false, error: "no-file-at-path" }),
    prints: ['0 {"ok":false,"error":"no-file-at-path"}'],
  },
  {
    name: "console, text coding, random bytes",
    script: main(`
      console.log("a", 1, { b: [2n] }, undefined); console.debug("d"); console.error("e");
      console.log(new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x41])), new TextEncoder().encode("é\\ud800").join());
      console.log(crypto.getRandomValues(new Uint8Array(8)).length, typeof performance.now(), structuredClone(new Map([[1, [2]]])).get(1)[0]);
      queueMicrotask(() => console.log("micro"));`),
  },
  {
    name: "several receives at once are served in order",
    script: main(
      `const [a, b] = await Promise.all([kinode.receive(), kinode.receive()]); console.log(new TextDecoder().decode(a.body) + new TextDecoder().decode(b.body))`,
    ),
    prepare: (host) => {
      host.request("1");
      host.request("2");
    },
    prints: ["0 12"],
  },
  {
    name: "pending jobs run before the next message is taken",
    script: main(`
      const first = await kinode.receive();
      (async () => { for (let i = 0; i < 200; i++) await null; kinode.sendResponse({ body: "first" }); })();
      await kinode.receive(); kinode.sendResponse({ body: "second" });`),
    prepare: (host) => {
      host.request("1");
      host.request("2");
    },
  },
  {
    name: "a main that is not async",
    script: `kinode.main(() => { Promise.resolve().then(() => console.log("job")); });`,
    prints: ["0 job"],
  },
  {
    name: "no ambient names",
    script: main(
      `console.log([typeof process, typeof Bun, typeof require, typeof setImmediate, typeof WebSocket, typeof window, typeof globalThis.process, typeof globalThis.Bun, typeof globalThis.kinode].join())`,
    ),
    prints: [`0 ${"undefined,".repeat(8)}object`],
  },
];

/** Calls with wrong arguments: the text of the error the script catches. */
const WRONG: readonly string[] = [
  "kinode.sendRequest(1)",
  "kinode.sendRequest()",
  "kinode.sendRequest({ body: '' })",
  "kinode.sendRequest({ target: 'a:b:c', body: '' })",
  "kinode.sendRequest({ target: 'a@b:c:d:e', body: '' })",
  "kinode.sendRequest({ target: '@b:c:d', body: '' })",
  "kinode.sendRequest({ target: 'a@b:c:d@e', body: '' })",
  "kinode.sendRequest({ target: 'a@b::d', body: '' })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: 5 })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: [1] })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', inherit: 'yes' })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', expectsResponse: -1 })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', expectsResponse: 1.5 })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', expectsResponse: NaN })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', expectsResponse: '5' })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', expectsResponse: -1n })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', expectsResponse: 2n ** 64n })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', metadata: 1 })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', capabilities: {} })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', capabilities: [1] })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', capabilities: [{ issuer: 'x', params: '' }] })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', capabilities: [{ issuer: 'a@b:c:d' }] })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', context: 'text' })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', blob: 1 })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', blob: { bytes: 'text' } })",
  "kinode.sendRequest({ target: 'a@b:c:d', body: '', blob: { mime: 1, bytes: new Uint8Array() } })",
  "kinode.sendRequest({ target: 'a@b:c:d', get body() { throw new RangeError('from a getter') } })",
  "kinode.sendRequest(new Proxy({}, { get() { throw new EvalError('from a proxy') } }))",
  "kinode.sendRequests({})",
  "kinode.sendRequests(Object.assign([], { length: 100001 }))",
  "kinode.sendRequests([{ target: 'a@b:c:d', body: '' }, null])",
  "kinode.sendResponse('text')",
  "kinode.sendResponse({})",
  "kinode.setState('text')",
  "kinode.setOnExit('none')",
  "kinode.setOnExit({ kind: 'other' })",
  "kinode.setOnExit({ kind: 'requests', requests: [{}] })",
  "kinode.printToTerminal('0', '')",
  "kinode.printToTerminal(256, '')",
  "kinode.printToTerminal(0.5, '')",
  "kinode.printToTerminal(0, 1)",
  "kinode.saveCapabilities('')",
  "kinode.spawn(1)",
  "kinode.spawn({ wasmPath: '', onExit: { kind: 'none' }, grantCapabilities: [{ process: 'a:b', params: '' }] })",
  "kinode.main(1)",
  "kinode.main(() => {})",
  "kinode.sendAndAwaitResponse({ target: 'x', body: '' })",
];

describe("both executors", () => {
  for (const { name, script, prepare, prints } of CASES) {
    test(`do the same: ${name}`, async () => {
      const inside = await runScript(sandbox, script, prepare);
      const outside = await runScript(native, script, prepare);
      expect(inside.ending).toEqual({ kind: "returned" });
      expect(outside.ending).toEqual(inside.ending);
      expect(outside.host.calls).toEqual(inside.host.calls);
      expect(outside.host.prints).toEqual(inside.host.prints);
      expect(outside.host.onExit).toEqual(inside.host.onExit);
      if (prints !== undefined) expect(inside.host.prints).toEqual([...prints]);
    });
  }

  test("refuse wrong arguments with the same error inside the script, and send nothing", async () => {
    const tries = WRONG.map(
      (call) =>
        `try { ${call}; console.log("no error") } catch (e) { console.log(e.name + ": " + e.message) }`,
    );
    const inside = await runScript(sandbox, main(tries.join("\n")));
    const outside = await runScript(native, main(tries.join("\n")));
    expect(inside.host.prints).not.toContain("0 no error");
    expect(inside.host.prints).toHaveLength(WRONG.length);
    expect(outside.host.prints).toEqual(inside.host.prints);
    expect(inside.host.calls).toEqual([]);
    expect(outside.host.calls).toEqual([]);
    expect(inside.ending).toEqual({ kind: "returned" });
  });

  for (const [name, executor] of EXECUTORS) {
    test(`${name}: an error in main ends the process with its text`, async () => {
      for (const body of [
        "throw new TypeError('boom')",
        "await null; throw new TypeError('boom')",
      ]) {
        const { ending } = await runScript(executor, main(body));
        expect(ending.kind).toBe("trapped");
        expect(ending.kind === "trapped" && ending.stderr).toStartWith("TypeError: boom");
        expect(ending.kind === "trapped" && ending.reason).not.toContain("unreachable");
      }
    });

    test(`${name}: a bundle without main ends with a text that says so`, async () => {
      const { ending } = await runScript(executor, "const nothing = 1;");
      expect(ending.kind === "trapped" && ending.stderr).toContain("kinode.main");
    });

    test(`${name}: kill ends a process that waits, and nothing more is delivered to it`, async () => {
      const script = main(`for (;;) { await kinode.receive(); console.log("got"); }`);
      const { host, process, ending } = await startScript(executor, script);
      host.request("1");
      while (host.prints.length === 0) await Bun.sleep(1);
      host.kill();
      process.kill();
      host.request("2");
      expect(await ending).toEqual({ kind: "killed" });
      await Bun.sleep(5);
      expect(host.prints).toEqual(["0 got"]);
    });

    test(`${name}: does not take other files`, () => {
      expect(executor.accepts({ handle: "/a.js", bytes: new Uint8Array() })).toBe(true);
      expect(executor.accepts({ handle: "/a.wasm", bytes: new Uint8Array() })).toBe(false);
    });

    test(`${name}: text that is not UTF-8 is refused when prepared`, async () => {
      const bytes = new Uint8Array([0xff]);
      expect(executor.prepare({ handle: "/a.js", bytes })).rejects.toThrow(
        'Cannot run "/a.js": it is not valid UTF-8 text',
      );
    });
  }
});
