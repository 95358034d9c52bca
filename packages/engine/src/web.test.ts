/** Timers and `fetch` of scripts, in both executors, against a timer and an HTTP client that answer as the spec says. */
import { describe, expect, test } from "bun:test";
import { EXECUTORS, LIMITS, sandbox } from "../test/run-script.ts";
import { WebHost } from "../test/web-host.ts";

const encoder = new TextEncoder();
const HTML = `{"Ok":{"Http":{"status":200,"headers":{"Content-Type":"text/html"}}}}`;

describe.each(EXECUTORS)("%s: a script", (_name, executor) => {
  async function start(body: string) {
    const script = `const text = (b) => new TextDecoder().decode(b);
      kinode.main(async () => { ${body} });`;
    const source = { handle: "/p:s/pkg/w.js", bytes: encoder.encode(script) };
    const host = new WebHost();
    const process = (await executor.prepare(source)).start(host, LIMITS);
    return { host, process, ended: process.ended };
  }

  test("waits with setTimeout by a request to the timer", async () => {
    const { host, ended } = await start(`
      console.log(await new Promise((done) => setTimeout(done, 1500.9, "value")));`);
    await host.find("SetTimer");
    expect(host.open).toMatchObject([
      { target: "our@timer:distro:sys", body: { SetTimer: 1500 }, expectsResponse: 2 },
    ]);
    await host.reply("SetTimer");
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual(["0 value"]);
  });

  test("may have timers and fetches under way together, and is told of each by itself", async () => {
    const { host, ended } = await start(`
      const log = [];
      const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
      await Promise.all([
        sleep(30).then(() => log.push("timer")),
        fetch("https://a.example/x#hash").then((r) => r.text()).then((t) => log.push(t)),
        fetch("https://b.example/").then((r) => r.json()).then((j) => log.push(j.n)),
      ]);
      console.log(log.join());`);
    await host.find("a.example");
    await host.reply("b.example", HTML, encoder.encode(`{"n":7}`));
    await host.reply("SetTimer");
    expect(JSON.stringify(host.open)).not.toContain("hash");
    await host.reply("a.example", HTML, encoder.encode("page"));
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual(["0 7,timer,page"]);
  });

  test("clears timers and intervals", async () => {
    const { host, ended } = await start(`
      let ticks = 0;
      clearTimeout(setTimeout(() => console.log("never"), 1));
      await new Promise((done) => {
        const interval = setInterval((step) => {
          if ((ticks += step) === 3) { clearInterval(interval); done(); }
        }, 10, 1);
      });
      console.log(ticks);`);
    await host.reply(`"SetTimer":1}`);
    for (let i = 0; i < 3; i++) await host.reply(`"SetTimer":10}`);
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual(["0 3"]);
    expect(host.open).toEqual([]);
  });

  test("goes on after a timer's callback has thrown, and sees the error printed", async () => {
    const { host, ended } = await start(`
      setTimeout(() => { throw new RangeError("in a timer") }, 0);
      await new Promise((done) => setTimeout(done, 1));
      console.log("on");`);
    await host.reply(`"SetTimer":0}`);
    await host.reply(`"SetTimer":1}`);
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints[0]).toStartWith("0 Uncaught RangeError: in a timer");
    expect(host.prints[1]).toBe("0 on");
  });

  test("is told what to grant when the timer may not answer", async () => {
    const { host, ended } = await start(`await new Promise((done) => setTimeout(done, 5));`);
    await host.fail("SetTimer", "timeout");
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints[0]).toStartWith("1 The timer set for 5 ms did not answer. Grant messaging");
  });

  test("sends with fetch what the HTTP client takes", async () => {
    const { host, process } = await start(`
      await fetch("https://x.example/p?q=1", { method: "post", headers: [["X-One", "1"]], body: "data" });`);
    await host.find("x.example");
    expect(host.open[0]).toMatchObject({
      target: "our@http-client:distro:sys",
      body: {
        Http: {
          method: "POST",
          version: null,
          url: "https://x.example/p?q=1",
          headers: { "x-one": "1", accept: "*/*" },
        },
      },
      expectsResponse: 60,
      blob: "data",
    });
    const { Http } = host.open[0]!.body as { Http: { headers: Record<string, string> } };
    expect(Http.headers["content-type"]).toMatch(/^text\/plain; ?charset=utf-8$/i);
    process.kill();
  });

  test("sends forms and parameters as the web does, and nothing as no blob", async () => {
    const { host, process } = await start(`
      const form = new FormData();
      form.append("a", "1"); form.append("f", new Blob(["xy"], { type: "text/plain" }), "n.txt");
      void fetch("https://x.example/1", { method: "POST", body: new URLSearchParams({ k: "v w" }) });
      void fetch("https://x.example/2", { method: "POST", body: form });
      void fetch("https://x.example/3", { method: "POST" });
      await kinode.receive();`);
    const by = async (n: number) => host.open[await host.find(`example/${n}`)]!;
    const [parameters, multipart, nothing] = [await by(1), await by(2), await by(3)];
    expect(parameters.blob).toBe("k=v+w");
    expect(JSON.stringify(parameters.body)).toContain(
      "application/x-www-form-urlencoded;charset=UTF-8",
    );
    expect(multipart.blob).toContain(`name="a"\r\n\r\n1\r\n`);
    expect(multipart.blob).toMatch(/name="f"; filename="n.txt"\r\nContent-Type: text\/plain/);
    const boundary = /boundary="?([^"]+)/
      .exec(JSON.stringify(multipart.body))![1]!
      .replace("\\", "");
    expect(multipart.blob).toContain(`--${boundary}--`);
    expect(nothing.blob).toBeUndefined();
    process.kill();
  });

  test("gets a web Response from fetch", async () => {
    const { host, ended } = await start(`
      const r = await fetch(new Request("https://x.example/", { headers: { a: "b" } }));
      console.log(r.status, r.ok, r.url, r.headers.get("X-Two"), (await r.arrayBuffer()).byteLength, r.bodyUsed);
      console.log(await r.text().catch((e) => e instanceof TypeError));`);
    const headers = { "X-Two": "2", "bad name": "x" };
    const answer = JSON.stringify({ Ok: { Http: { status: 404, headers } } });
    await host.reply("x.example", answer, encoder.encode("gone"));
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual(["0 404 false https://x.example/ 2 4 true", "0 true"]);
  });

  test.each([
    [`"MalformedRequest"`, "MalformedRequest"],
    [`{"BadUrl":{"url":"x"}}`, `BadUrl: {"url":"x"}`],
    [`{"ExecuteRequestFailed":"no route"}`, "ExecuteRequestFailed: no route"],
  ])("gets a TypeError with the client's words: %s", async (error, words) => {
    const { host, ended } = await start(`
      await fetch("https://x.example/").catch((e) => console.log(e.name + "|" + e.message));`);
    await host.reply("x.example", `{"Err":${error}}`);
    await ended;
    expect(host.prints).toEqual([`0 TypeError|fetch of "https://x.example/" failed: ${words}`]);
  });

  test("gets a TypeError that says what to grant when the client may not answer", async () => {
    const { host, ended } = await start(`
      await fetch("https://x.example/").catch((e) => console.log(e.name, e.message));`);
    await host.fail("x.example", "offline");
    await ended;
    expect(host.prints[0]).toContain(`grant messaging to "http-client:distro:sys"`);
  });

  test("stops waiting for a fetch that is aborted", async () => {
    const { host, ended } = await start(`
      const stop = new AbortController();
      const one = fetch("https://x.example/1", { signal: stop.signal }).catch((e) => e.name);
      setTimeout(() => stop.abort(), 1);
      console.log(await one);
      console.log(await fetch("https://x.example/3", { signal: AbortSignal.abort(new Error("no")) }).catch((e) => e.message));`);
    const { Http } = host.open[await host.find("x.example")]!.body as {
      Http: { request_id: number };
    };
    await host.reply("SetTimer");
    await host.find(`{"HttpAbort":{"request_id":${Http.request_id}}}`);
    await ended;
    expect(host.prints).toEqual(["0 AbortError", "0 no"]);
  });

  test("is refused what fetch cannot take", async () => {
    const { host, ended } = await start(`
      console.log(await fetch("nope").catch((e) => e.name));
      console.log(await fetch("https://x.example/", { timeout: -1 }).catch((e) => e.name));
      async function* parts() {}
      console.log(await fetch("https://x.example/", { body: parts() }).catch((e) => e.name));`);
    await ended;
    expect(host.prints).toEqual(["0 TypeError", "0 RangeError", "0 TypeError"]);
    expect(host.open).toEqual([]);
  });

  test("gets redirects as they are, or as an error, where it says so", async () => {
    const { host, ended } = await start(`
      const manual = await fetch("https://x.example/1", { redirect: "manual" });
      console.log(manual.status, manual.headers.get("location"));
      console.log(await fetch("https://x.example/2", { redirect: "error" }).catch((e) => e.code));
      const followed = await fetch("https://x.example/3");
      console.log(followed.url, followed.redirected, followed.headers.getSetCookie().join());`);
    const moved = { status: 302, headers: { Location: "/y" } };
    await host.find("example/1");
    expect(host.open[0]).toMatchObject({ body: { Http: { redirect: "manual", details: true } } });
    await host.reply("example/1", JSON.stringify({ Ok: { Http: moved } }), encoder.encode(""));
    await host.reply("example/2", JSON.stringify({ Ok: { Http: moved } }), encoder.encode(""));
    const list = [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ];
    const last = { status: 200, headers: {}, header_list: list, url: "https://x.example/z" };
    await host.find("example/3");
    expect(JSON.stringify(host.open[0])).not.toContain("redirect");
    await host.reply("example/3", JSON.stringify({ Ok: { Http: last } }), encoder.encode(""));
    await ended;
    expect(host.prints).toEqual(["0 302 /y", "0 Redirected", "0 https://x.example/z true a=1,b=2"]);
  });

  const chunk = (done: boolean): string => JSON.stringify({ Ok: { BodyChunk: { done } } });
  const inParts = (number: number): string =>
    JSON.stringify({ Ok: { Http: { status: 200, headers: {}, body_stream: number } } });

  test("reads a body that comes in parts with a loop, a reader, or as a whole", async () => {
    const { host, ended } = await start(`
      const by = {
        loop: async (body, log) => { for await (const part of body) log.push(text(part)); },
        reader: async (body, log) => {
          const reader = body.getReader();
          for (let r = await reader.read(); !r.done; r = await reader.read()) log.push(text(r.value));
        },
      };
      for (const [name, read] of Object.entries(by)) {
        const response = await fetch("https://x.example/" + name);
        const log = [];
        await read(response.body, log);
        console.log(log.join("|"), response.bodyUsed, await response.text().catch((e) => e.name));
      }
      console.log(await (await fetch("https://x.example/whole")).text());`);
    for (const name of ["loop", "reader", "whole"]) {
      await host.reply(`example/${name}`, inParts(5));
      await host.find("BodyRead");
      expect(host.open[0]).toMatchObject({
        body: { BodyRead: { stream: 5 } },
        expectsResponse: 60,
      });
      await host.reply("BodyRead", chunk(false), encoder.encode("one"));
      await host.reply("BodyRead", chunk(false), encoder.encode("two"));
      await host.reply("BodyRead", chunk(true), encoder.encode(""));
    }
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual([
      "0 one|two true TypeError",
      "0 one|two true TypeError",
      "0 onetwo",
    ]);
    expect(host.open).toEqual([]);
  });

  test("gives up a body when it stops reading, and is told when one breaks off", async () => {
    const { host, process } = await start(`
      for await (const part of (await fetch("https://x.example/a", { timeout: 1500 })).body) { console.log(text(part)); break; }
      await (await fetch("https://x.example/b")).body.cancel();
      console.log(await (await fetch("https://x.example/c")).text().catch((e) => e.code + (e instanceof TypeError)));
      console.log(await (await fetch("https://x.example/d")).text().catch((e) => e.code));
      await kinode.receive();`);
    await host.reply("example/a", inParts(1));
    await host.find("BodyRead");
    expect(host.open[0]!.expectsResponse).toBe(2);
    await host.reply("BodyRead", chunk(false), encoder.encode("one"));
    await host.reply(`{"stream":1,"reading":true}`, `{"Ok":null}`);
    await host.reply("example/b", inParts(2));
    await host.reply(`{"stream":2,"reading":true}`, `{"Ok":null}`);
    await host.reply("example/c", inParts(3));
    await host.reply("BodyRead", `{"Err":"StreamClosed"}`);
    await host.reply("example/d", inParts(4));
    await host.fail("BodyRead", "timeout");
    await host.reply(`{"stream":4,"reading":true}`, `{"Ok":null}`);
    process.kill();
    expect(host.prints).toEqual(["0 one", "0 BodyClosedtrue", "0 Timeout"]);
  });

  test("sends a body in parts, each when the one before was taken", async () => {
    const { host, ended } = await start(`
      let made = 0;
      async function* parts() { for (const part of ["a", new Uint8Array([98]), "c"]) { made++; yield part; } }
      const response = fetch("https://x.example/", { method: "PUT", body: parts(), duplex: "half" });
      setTimeout(() => console.log("made", made), 1);
      console.log(await (await response).text());`);
    await host.find("x.example");
    const { Http } = host.open[0]!.body as { Http: { stream_request: number; request_id: number } };
    const stream = Http.stream_request;
    expect(stream).toBe(Http.request_id);
    expect(host.open[0]!.blob).toBeUndefined();
    await host.find(`{"BodyWrite":{"stream":${stream}}}`);
    await host.reply("SetTimer");
    for (const part of ["a", "b", "c"]) {
      expect(host.open[await host.find("BodyWrite")]!.blob).toBe(part);
      await host.reply("BodyWrite", `{"Ok":null}`);
    }
    await host.reply(`{"BodyEnd":{"stream":${stream}}}`, `{"Ok":null}`);
    await host.reply("x.example", HTML, encoder.encode("taken"));
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual(["0 made 1", "0 taken"]);
  });

  test("fails with what the source of its body has thrown", async () => {
    const { host, ended } = await start(`
      async function* parts() { yield "a"; throw new RangeError("no more"); }
      console.log(await fetch("https://x.example/", { method: "POST", body: parts() }).catch((e) => e.name + e.message));`);
    await host.reply("BodyWrite", `{"Ok":null}`);
    await host.reply("BodyAbort", `{"Ok":null}`);
    await host.reply("x.example", `{"Err":{"ExecuteRequestFailed":"given up"}}`);
    await ended;
    expect(host.prints).toEqual(["0 RangeErrorno more"]);
  });

  test("gets messages that came during a wait, with their blobs, when they are prompting again", async () => {
    const { host, ended } = await start(`
      await new Promise((done) => setTimeout(done, 50));
      for (let i = 0; i < 2; i++) {
        const { body } = await kinode.receive();
        kinode.sendResponse({ body: text(body) + (kinode.hasBlob() ? text(kinode.getBlob().bytes) : "-") });
      }
      const { body } = await kinode.receive();
      kinode.sendResponse({ body: text(body) + kinode.hasBlob() });`);
    const openTimers = () => host.open.map(({ body }) => (body as { SetTimer: number }).SetTimer);
    await host.find(`"SetTimer":50}`);
    host.blob = { mime: undefined, bytes: encoder.encode("+blob") };
    host.request("first");
    await host.find(`"SetTimer":0}`);
    host.blob = undefined;
    host.request("second");
    await host.taken();
    expect(openTimers()).toEqual([50, 0, 0]); // a bookmark for each
    await host.reply(`"SetTimer":0}`); // too early: the script does not receive yet
    expect(openTimers()).toEqual([50, 0, 1]);
    await host.reply(`"SetTimer":50}`);
    await host.reply(`"SetTimer":0}`); // the second must not overtake the first
    expect(host.responses).toEqual([]);
    expect(openTimers()).toEqual([1, 1]);
    await host.reply(`"SetTimer":1}`);
    expect(host.responses).toEqual(["first+blob"]);
    await host.reply(`"SetTimer":1}`);
    expect(host.responses).toEqual(["first+blob", "second-"]);
    host.request("third");
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.responses[2]).toBe("thirdfalse");
  });

  test("gives its requests to a library that asks for them when main begins", async () => {
    const { host, ended } = await start(`
      setTimeout(() => console.log("carried"), 7);
      kinode.carryBy((request, done) => {
        console.log(request.target, request.body, request.expectsResponse);
        queueMicrotask(() => done({ kind: "response", body: new Uint8Array(), blob: undefined }));
      });
      for (let i = 0; i < 9; i++) await undefined;`);
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual([`0 our@timer:distro:sys {"SetTimer":7} 1`, "0 carried"]);
    expect(host.open).toEqual([]);
  });

  test("ends though timers are under way", async () => {
    const { host, ended } = await start(`setTimeout(() => console.log("never"), 9);`);
    expect(await ended).toEqual({ kind: "returned" });
    expect(host.prints).toEqual([]);
  });
});

test("in the sandbox AbortSignal.timeout is a request to the timer", async () => {
  const source = {
    handle: "/p:s/pkg/w.js",
    bytes: encoder.encode(`kinode.main(async () => {
      const signal = AbortSignal.timeout(20);
      console.log(await fetch("https://x.example/", { signal }).catch((e) => e.name));
    });`),
  };
  const host = new WebHost();
  const { ended } = (await sandbox.prepare(source)).start(host, LIMITS);
  await host.find("x.example");
  await host.reply(`"SetTimer":20}`);
  await ended;
  expect(host.prints).toEqual(["0 TimeoutError"]);
});
