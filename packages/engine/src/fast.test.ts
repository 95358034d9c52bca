/** The short way of receiving and sending that the engine gives to libraries (`GuestFast`). */
import { expect, test } from "bun:test";
import { responseDelivery, sendErrorDelivery } from "../test/fake-host.ts";
import type { FakeHost } from "../test/fake-host.ts";
import { native, runScript, sandbox, startScript } from "../test/run-script.ts";

const T = "bob.os@other:pkg:sys";
const ticket = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

/** A script that listens; `fields` replace those of a listener that counts its calls. */
const script = (fields: string, body: string): string => `(() => {
  const text = (bytes) => new TextDecoder().decode(bytes);
  const say = (...values) => kinode.printToTerminal(0, values.map(String).join(" "));
  const { fast } = kinode;
  let wanted = true;
  const listener = { requestPrototype: { isRequest: true }, responsePrototype: { isResponse: true },
    next: () => wanted, request: () => {}, end: (end) => end, ${fields} };
  kinode.main(async () => { ${body} });
})();`;

const fakeRun = (source: string, prepare?: (host: FakeHost) => void) =>
  runScript(sandbox, source, prepare);
const bodies = (host: FakeHost): unknown[] =>
  host.calls.map(([name, response]) => [
    name,
    new TextDecoder().decode((response as { body: Uint8Array }).body),
  ]);

test("requests reach the listener as objects of its prototype, and its answers are sent", async () => {
  const { host, ending } = await fakeRun(
    script(
      `request(request) {
        say(request.isRequest, Object.keys(request), request.sender, request.inherit, request.expectsResponse, request.metadata);
        fast.answer(request.body);
        fast.answer("text é");
        wanted = text(request.body) !== "2";
      }`,
      `fast.listen(listener); await new Promise(() => {});`,
    ),
    (to) => {
      to.request("1", { metadata: "m" });
      to.request("2", { inherit: true, expectsResponse: undefined });
      to.request("3");
    },
  );
  const keys = "sender,inherit,expectsResponse,body,metadata,attached,state";
  expect(host.prints).toEqual([
    `0 true ${keys} ${T} false 5 m`,
    `0 true ${keys} ${T} true undefined undefined`,
  ]);
  expect(bodies(host)).toEqual([
    ["response", "1"],
    ["response", "text é"],
    ["response", "2"],
    ["response", "text é"],
  ]);
  expect(ending.kind === "trapped" && ending.stderr).toContain("can never happen");
});

test("ask sends its ticket as context, and what end returns or throws settles its promise", async () => {
  const { host, ending } = await fakeRun(
    script(
      `end(end, ticket) { say(ticket, end.isResponse, end.kind, end.carriesBlob); if (end.error) throw new Error(end.error); return end; }`,
      `fast.listen(listener);
       const first = fast.ask("${T}", "one", 5, 7), second = fast.ask("${T}", new Uint8Array([50]), 6n, 65535);
       await second.catch((error) => say("second", error.message));
       say("first", text((await first).body));
       wanted = false;`,
    ),
    (to) => {
      to.deliver(sendErrorDelivery("timeout", ticket(65_535)));
      to.deliver(responseDelivery("late", ticket(7)));
    },
  );
  expect(ending).toEqual({ kind: "returned" });
  expect(host.prints).toEqual([
    "0 65535 undefined send-error undefined",
    "0 second timeout",
    "0 7 true undefined false",
    "0 first late",
  ]);
  expect(host.calls.map(([, , request, context]) => [request, context])).toMatchObject([
    [{ expectsResponse: 5, inherit: false, metadata: undefined, capabilities: [] }, ticket(7)],
    [{ expectsResponse: 6, body: new Uint8Array([50]) }, ticket(65_535)],
  ]);
});

test("an end of a request that was not asked comes with its ticket or −1", async () => {
  const { host } = await fakeRun(
    script(
      `end(end, ticket) { say(ticket); wanted = ticket !== 3; }`,
      `fast.listen(listener); await new Promise(() => {});`,
    ),
    (to) => {
      to.deliver(responseDelivery("a", new Uint8Array([1, 2, 3])));
      to.deliver(responseDelivery("b"));
      to.deliver(responseDelivery("c", new Uint8Array([0, 0, 0, 0x80])));
      to.deliver(responseDelivery("d", ticket(0x7fff_ffff)));
      to.deliver(responseDelivery("e", ticket(3)));
    },
  );
  expect(host.prints).toEqual(["0 -1", "0 -1", "0 -1", "0 2147483647", "0 3"]);
});

test("all jobs run before next, promises of receive come first, and listening can be taken up again", async () => {
  const { host, ending } = await fakeRun(
    script(
      `next() { say("next"); return wanted; },
       request(request) {
         say("heard", text(request.body));
         (async () => { for (let i = 0; i < 50; i++) await null; say("jobs"); wanted = false; kinode.wake(); })();
       }`,
      `let wake;
       globalThis.wake = () => wake();
       fast.listen(listener);
       say("received", text((await kinode.receive()).body));
       await new Promise((resolve) => { wake = resolve; });
       await null;
       wanted = true;
       fast.listen(listener);
       await new Promise((resolve) => { wake = resolve; });`,
    ).replace("kinode.wake()", "globalThis.wake()"),
    (to) => {
      to.request("1");
      to.request("2");
      to.request("3");
    },
  );
  expect(ending).toEqual({ kind: "returned" });
  expect(host.prints).toEqual(
    ["received 1", "next", "heard 2", "jobs", "next", "heard 3", "jobs"].map((line) => `0 ${line}`),
  );
});

test("next is left out only as agreed", async () => {
  const { host } = await fakeRun(
    script(
      `next() { say("next"); return wanted; },
       request(request) { say(text(request.body)); return text(request.body) === "settled"; },
       end(end) { say("end"); return end; }`,
      `fast.listen(listener);
       await fast.ask("${T}", "", 5, 1);
       const other = fast.ask("${T}", "", 5, 1);
       await other;
       await new Promise(() => {});`,
    ),
    (to) => {
      to.request("settled");
      to.request("open");
      to.deliver(responseDelivery("", ticket(1)));
      to.deliver(responseDelivery("", ticket(1)));
      setTimeout(() => to.kill(), 20);
    },
  );
  expect(host.prints).toEqual(
    ["next", "settled", "open", "next", "end", "end", "next"].map((line) => `0 ${line}`),
  );
});

test("wrong arguments are refused inside the script, and nothing is sent", async () => {
  const calls = [
    `fast.listen(1)`,
    `fast.listen({ ...listener, next: 1 })`,
    `fast.listen({ ...listener, request: undefined })`,
    `fast.listen({ ...listener, end: {} })`,
    `fast.listen({ ...listener, requestPrototype: null })`,
    `fast.listen({ ...listener, responsePrototype: 1 })`,
    `fast.listen({ ...listener, get end() { throw new RangeError("from a getter") } })`,
    `fast.ask("nowhere", "", 5, 1)`,
    `fast.ask("${T}", 1, 5, 1)`,
    `fast.ask("${T}", "", -1, 1)`,
    `fast.ask("${T}", "", undefined, 1)`,
    `fast.ask("${T}", "", 5, 65536)`,
    `fast.ask("${T}", "", 5, -1)`,
    `fast.ask("${T}", "", 5, 0.5)`,
    `fast.answer({})`,
    `fast.answer()`,
  ];
  const tries = calls.map(
    (call) => `try { ${call}; say("no error") } catch (e) { say(e.message) }`,
  );
  const { host, ending } = await fakeRun(script("", tries.join("\n")));
  expect(ending).toEqual({ kind: "returned" });
  expect(host.prints).toHaveLength(calls.length);
  expect(host.prints).not.toContain("0 no error");
  expect(host.calls).toEqual([]);
});

test("a ticket can be used again only when its request has ended", async () => {
  const { host } = await fakeRun(
    script(
      "",
      `fast.listen(listener);
       const first = fast.ask("${T}", "", 5, 2);
       try { fast.ask("${T}", "", 5, 2) } catch (error) { say(error.message) }
       await first;
       fast.ask("${T}", "", 5, 2);
       wanted = false;`,
    ),
    (to) => to.deliver(responseDelivery("", ticket(2))),
  );
  expect(host.prints).toEqual([
    '0 kinode: "ticket" must be an integer between 0 and 65535 that is not in use',
  ]);
  expect(host.calls).toHaveLength(2);
});

test("what a listener throws ends the process with its text, as an error in main does", async () => {
  for (const fields of [
    `next() { throw new Error("boom") }`,
    `request() { throw new Error("boom") }`,
  ]) {
    const { ending } = await fakeRun(
      script(fields, "fast.listen(listener); await new Promise(() => {});"),
      (to) => to.request("1"),
    );
    expect(ending.kind === "trapped" && ending.stderr).toStartWith("Error: boom");
  }
});

test("a listener that is changed or replaced while it is called harms only itself", async () => {
  const { host, ending } = await fakeRun(
    script(
      `request(request) {
        const again = { ...listener, requestPrototype: {}, request: (other) => { say("replaced", text(other.body)); wanted = false; } };
        fast.listen(again);
        listener.request = listener.end = undefined;
        request.added = new Array(100).fill(request.body);
        say("first", text(request.body), Object.keys(request).length);
      }`,
      `fast.listen(listener); await new Promise(() => {});`,
    ),
    (to) => {
      to.request("1");
      to.request("2");
    },
  );
  expect(host.prints).toEqual(["0 first 1 8", "0 replaced 2"]);
  expect(ending.kind).toBe("trapped");
});

test("a native script does not have it: it does not stand still while it waits", async () => {
  const run = await startScript(
    native,
    `kinode.main(() => { kinode.printToTerminal(0, typeof kinode.fast); });`,
  );
  await run.ending;
  expect(run.host.prints).toEqual(["0 undefined"]);
});

test("answerWith sends bodies and leaves other values alone", async () => {
  const { host } = await runScript(
    sandbox,
    `kinode.main(() => {
       const { answerWith } = kinode.fast;
       const values = ["text", new Uint8Array([33]), undefined, null, {}, Promise.resolve("x"), new Uint16Array(1)];
       console.log(values.map((value) => answerWith(value)).join());
     });`,
  );
  expect(host.prints).toEqual(["0 true,true,false,false,false,false,false"]);
  expect(host.calls.filter(([what]) => what === "response")).toHaveLength(2);
});

test("kinode.fast.parseJson reads UTF-8, and leaves large numbers and what is no JSON to others", async () => {
  const { host } = await runScript(
    sandbox,
    `const bytes = (text) => new TextEncoder().encode(text);
     const parse = (text) => { try { return kinode.fast.parseJson(typeof text === "string" ? bytes(text) : text) } catch (e) { return e.name } };
     kinode.main(() => console.log(JSON.stringify([
       parse('{"a":[1,-2.5e3,"ü😀\\\\n",null,true]}'), parse("123456789012345"), parse(" 7 "),
       parse("1234567890123456") === undefined, parse('["x1234567890123456789"]') === undefined, parse('[1,12345678901234567,2]') === undefined,
       parse("{"), parse("[1,]"), parse(""), parse(new Uint8Array([34, 255, 34])), parse(new Uint8Array([34, 0xed, 0xa0, 0x80, 34])) === undefined, parse(5),
     ])));`,
  );
  expect(JSON.parse(host.prints[0]!.slice(2))).toEqual([
    { a: [1, -2500, "ü😀\n", null, true] },
    123456789012345,
    7,
    true,
    true,
    true,
    "SyntaxError",
    "SyntaxError",
    "SyntaxError",
    "SyntaxError",
    true,
    "TypeError",
  ]);
});
