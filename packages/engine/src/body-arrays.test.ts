import { expect, test } from "bun:test";
import { EXECUTORS, startScript } from "../test/run-script.ts";

/** What a script may keep of a body, and how it looks at that later. */
const KEEPERS: Record<string, readonly [keep: string, look: string]> = {
  nothing: ["0", "'-'"],
  "the array": ["body", "text(kept)"],
  "its buffer": ["body.buffer", "text(new Uint8Array(kept))"],
  "a part of it": ["body.subarray(1)", "text(kept)"],
  "another view": ["new DataView(body.buffer)", "String.fromCharCode(kept.getUint8(0))"],
  "an iterator": ["body.values()", "text([...kept])"],
  "a weak reference": [
    "new WeakRef(body)",
    "kept.deref() === undefined ? '-' : text(kept.deref())",
  ],
  "a weak reference to the buffer": [
    "new WeakRef(body.buffer)",
    "kept.deref() === undefined ? '-' : text(new Uint8Array(kept.deref()))",
  ],
  "a key of a weak map": ["(weak.set(body, 1), body = undefined, weak)", "'-'"],
};
/** What a script may do to a body before it lets it go. */
const CHANGES = [
  "body.fill(33)",
  "body.extra = 1",
  "body.buffer.extra = 1",
  "(body.gone = 1, delete body.gone)",
  "Object.setPrototypeOf(body, null)",
  "Object.setPrototypeOf(body.buffer, null)",
  "Object.preventExtensions(body)",
  "Object.preventExtensions(body.buffer)",
  "body.buffer.transfer()",
  "body.buffer.transfer(1000)",
  "body.buffer.transferToFixedLength?.(0)",
  "structuredClone(body)",
];

const script = (keep: string, look: string, change: string): string => `
  const text = (bytes) => String.fromCharCode(...bytes);
  const weak = new WeakMap();
  const fresh = (body) => text(body) + body.byteLength + body.buffer.byteLength + (body.constructor === Uint8Array) +
    (body.buffer.constructor === ArrayBuffer) + Reflect.ownKeys(body.buffer).length + (Reflect.ownKeys(body).length - body.length) +
    Object.isExtensible(body) + Object.isExtensible(body.buffer) + body.buffer.maxByteLength + body.buffer.resizable + weak.has(body);
  let kept;
  const take = async (first) => {
    let { body } = await kinode.receive();
    const seen = fresh(body);
    if (first) kept = ${keep};
    else ${change};
    return seen;
  };
  kinode.main(async () => {
    for (let i = 0; i < 8; i++) console.log(await take(i === 2));
    console.log(${look});
  });`;

const BODIES = [
  "one",
  "",
  "three",
  "x".repeat(64),
  "y".repeat(65),
  "six",
  "seven",
  "z".repeat(2_000),
];

test("a body is an array of its own, whatever was kept of others or done to them", async () => {
  for (const [what, [keep, look]] of Object.entries(KEEPERS)) {
    for (const change of what === "nothing" ? CHANGES : ["0"]) {
      for (const [name, executor] of EXECUTORS) {
        const { host, ending } = await startScript(executor, script(keep, look, change), (to) => {
          for (const body of BODIES) to.request(body);
        });
        expect([name, what, change, await ending]).toEqual([
          name,
          what,
          change,
          { kind: "returned" },
        ]);
        const fresh = (body: string): string =>
          `0 ${body}${body.length}${body.length}truetrue00truetrue${body.length}falsefalse`;
        expect(host.prints.slice(0, 8)).toEqual(BODIES.map(fresh));
        expect(["0 three", "0 hree", "0 t", "0 -"]).toContain(host.prints[8]!);
      }
    }
  }
});
