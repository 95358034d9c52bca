import { expect, test } from "bun:test";
import {
  formatAddress,
  formatProcessId,
  isNameSafeNode,
  isNameSafePackageId,
  isNameSafeProcessId,
  isProcessId,
  NameError,
  packageOf,
  parseAddress,
  parsePackageId,
  parseProcessId,
  processIdParts,
  sameAddress,
} from "./address.ts";

function faultOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof NameError) return error.code;
    throw error;
  }
  return "none";
}

test("[K5] a process id has exactly three parts, none empty", () => {
  expect(parseProcessId("a:b:c") as string).toBe("a:b:c");
  for (const text of ["a:b", ":b:c", "a::c", "a:b:", "", "a"]) {
    expect([text, faultOf(() => parseProcessId(text))]).toEqual([text, "name.missing-field"]);
    expect(isProcessId(text)).toBe(false);
  }
  expect(faultOf(() => parseProcessId("a:b:c:d"))).toBe("name.too-many-colons");
  expect(isProcessId("a:b:c:d")).toBe(false);
});

test("[K6] an address is a node, one @ and a process id", () => {
  const address = parseAddress("n@a:b:c");
  expect(address.node).toBe("n");
  expect(address.process as string).toBe("a:b:c");
  expect(faultOf(() => parseAddress("a:b:c"))).toBe("name.missing-node-id");
  expect(faultOf(() => parseAddress("@a:b:c"))).toBe("name.missing-node-id");
  expect(faultOf(() => parseAddress("n@x@a:b:c"))).toBe("name.too-many-ats");
  expect(faultOf(() => parseAddress("n@a:b"))).toBe("name.missing-field");
  expect(faultOf(() => parseAddress("n@a:b:c:d"))).toBe("name.too-many-colons");
});

test("parsers look at structure only: any other characters pass, also a colon in a node", () => {
  expect(formatAddress(parseAddress("My Node:8080@A b:ü:x.y_z"))).toBe("My Node:8080@A b:ü:x.y_z");
  expect(parsePackageId("A b:c.d") as string).toBe("A b:c.d");
  expect(faultOf(() => parsePackageId("a:b:c"))).toBe("name.too-many-colons");
  expect(faultOf(() => parsePackageId("a:"))).toBe("name.missing-field");
});

test("the text of an error quotes the input and names the form", () => {
  expect(() => parseProcessId("a:b")).toThrow(
    'Cannot read "a:b" as a process id (process:package:publisher): a part is missing or empty',
  );
});

test("ids split and join again", () => {
  const id = parseProcessId("worker:chess:alice.os");
  const parts = { processName: "worker", packageName: "chess", publisherNode: "alice.os" };
  expect(processIdParts(id)).toEqual(parts);
  expect(formatProcessId(parts)).toBe(id);
  expect(packageOf(id) as string).toBe("chess:alice.os");
});

test("name-safe ids use lower case, digits and dashes, and dots in the publisher only", () => {
  expect(["a-1:b-2:c.d-3", "123:p:sys"].every(isNameSafeProcessId)).toBe(true);
  for (const text of [
    "My_proc:test:sys",
    "a.b:c:d",
    "a:b.c:d",
    "A:b:c",
    "a:b:c_d",
    "a:b",
    "a:b:c:d",
    "a:b:",
  ]) {
    expect([text, isNameSafeProcessId(text)]).toEqual([text, false]);
  }
  expect([isNameSafePackageId("a-1:b.os"), isNameSafePackageId("a.b:c")]).toEqual([true, false]);
  expect([isNameSafeNode("alice.os"), isNameSafeNode("Alice"), isNameSafeNode("")]).toEqual([
    true,
    false,
    false,
  ]);
});

test("sameAddress() compares both parts", () => {
  const address = parseAddress("n@a:b:c");
  expect(sameAddress(address, parseAddress("n@a:b:c"))).toBe(true);
  expect(sameAddress(address, parseAddress("m@a:b:c"))).toBe(false);
  expect(sameAddress(address, parseAddress("n@a:b:d"))).toBe(false);
});
