import { expect, test } from "bun:test";
import { ProcessFault, ProcessKilled } from "@kinode-ts/types";
import { FakeHost, responseDelivery } from "../test/fake-host.ts";
import { createGuestRuntime } from "./create-guest-runtime.ts";

const TARGET = "bob.os@other:pkg:sys";
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("receive() delivers nothing while a call that blocks the engine is outstanding", async () => {
  const host = new FakeHost();
  let finish: () => void = () => {};
  host.setState = () => new Promise<void>((resolve) => (finish = resolve));
  const kinode = createGuestRuntime(host);
  const order: string[] = [];
  void Promise.resolve(kinode.setState(new Uint8Array())).then(() => order.push("state"));
  void Promise.resolve(kinode.receive()).then(() => order.push("message"));
  host.request("1");
  await settled();
  expect(order).toEqual([]);
  finish();
  await settled();
  expect(order).toEqual(["state", "message"]);
});

test("sendAndAwaitResponse() called twice waits for one answer after the other", async () => {
  const host = new FakeHost();
  host.answer = ({ body }) => responseDelivery(`${new TextDecoder().decode(body)}!`);
  const kinode = createGuestRuntime(host);
  const ask = (body: string) =>
    kinode.sendAndAwaitResponse({ target: TARGET, body, expectsResponse: 1 });
  const answers = await Promise.all([ask("a"), ask("b")]);
  expect(answers.map(({ body }) => new TextDecoder().decode(body))).toEqual(["a!", "b!"]);
  expect(host.calls.map(([name]) => name)).toEqual(["await", "await"]);
});

test("a call after the kill throws ProcessKilled and sends nothing", () => {
  const host = new FakeHost();
  const kinode = createGuestRuntime(host);
  host.killed = true;
  for (const call of [
    () => kinode.sendRequest({ target: TARGET, body: "" }),
    () => kinode.receive(),
    () => kinode.getState(),
    () => kinode.our(),
    () => kinode.printToTerminal(0, ""),
    () => kinode.sendAndAwaitResponse({ target: TARGET, body: "", expectsResponse: 1 }),
  ]) {
    expect(call).toThrow(ProcessKilled);
  }
  expect(host.calls).toEqual([]);
  expect(host.prints).toEqual([]);
});

test("a promise of the host that settles after the kill settles nothing for the script", async () => {
  const host = new FakeHost();
  let finish: () => void = () => {};
  host.setState = () => new Promise<void>((resolve) => (finish = resolve));
  const kinode = createGuestRuntime(host);
  let ran = false;
  void Promise.resolve(kinode.setState(new Uint8Array())).then(() => (ran = true));
  host.killed = true;
  finish();
  await settled();
  expect(ran).toBe(false);
});

test("a fault ends the process even when the script catches it", async () => {
  const host = new FakeHost();
  host.setOnExit = () => {
    throw new ProcessFault("no such on-exit");
  };
  const faults: ProcessFault[] = [];
  const kinode = createGuestRuntime(host, { onFault: (fault) => faults.push(fault) });
  expect(() => kinode.setOnExit({ kind: "restart" })).toThrow("no such on-exit");
  expect(() => kinode.our()).toThrow(ProcessKilled);
  expect(faults.map(({ message }) => message)).toEqual(["no such on-exit"]);
});

test("receive() gives way when the slice is over", async () => {
  const host = new FakeHost();
  let yielded = 0;
  let over = true;
  host.sliceIsOver = () => over;
  host.yieldSlice = (resume) => {
    yielded++;
    over = false;
    queueMicrotask(resume);
  };
  const kinode = createGuestRuntime(host);
  host.request("1");
  const delivery = await kinode.receive();
  expect(delivery.kind).toBe("request");
  expect(yielded).toBe(1);
});

test("bytes are copied both ways: changing them changes nothing for the other side", async () => {
  const host = new FakeHost();
  const kinode = createGuestRuntime(host);
  const body = new Uint8Array([1]);
  void kinode.sendRequest({ target: TARGET, body });
  body[0] = 9;
  expect((host.calls[0]![2] as { body: Uint8Array }).body).toEqual(new Uint8Array([1]));
  host.blob = { mime: undefined, bytes: new Uint8Array([1]) };
  kinode.getBlob()!.bytes[0] = 9;
  expect(host.blob.bytes).toEqual(new Uint8Array([1]));
});
