import { expect, test } from "bun:test";
import { Address, PackageId, ProcessId, targetText } from "./address.ts";
import { Capability } from "./capability.ts";

test("names are read, taken apart and written", () => {
  const address = Address.parse("alice.os@chess:games:sys.os");
  expect([address.node, address.process, address.package, address.publisher]).toEqual([
    "alice.os",
    "chess",
    "games",
    "sys.os",
  ]);
  expect(address.packageId().toJSON()).toEqual({ package_name: "games", publisher_node: "sys.os" });
  expect(JSON.stringify({ address, id: address.processId })).toBe(
    '{"address":"alice.os@chess:games:sys.os","id":"chess:games:sys.os"}',
  );
  expect(address.equals(Address.of("alice.os", "chess", "games", "sys.os"))).toBe(true);
  expect(new ProcessId(undefined, "a", "b").toString()).toMatch(/^\d+:a:b$/);
  expect(targetText("vfs:distro:sys")).toBe("our@vfs:distro:sys");
});

test("a text that is no name says what is wrong with it", () => {
  const code = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (thrown) {
      return (thrown as { code: string }).code;
    }
  };
  expect(code(() => Address.parse("a@b@c:d:e"))).toBe("TooManyAts");
  expect(code(() => Address.parse("a@b:c:d:e"))).toBe("TooManyColons");
  expect(code(() => Address.parse("b:c:d"))).toBe("MissingNode");
  expect(code(() => Address.parse("a@b:c"))).toBe("MissingField");
  expect(code(() => ProcessId.parse("A:b:c"))).toBe("InvalidCharacter");
  expect(code(() => PackageId.parse("a::c"))).toBe("TooManyColons");
  expect(code(() => Address.parse("a@B x:c:d").process)).toBe("B x");
});

test("capabilities are equal by issuer and JSON value", () => {
  const read = new Capability("a@vfs:distro:sys", '{"kind":"read","drive":"/x"}');
  expect(
    read.equals({ issuer: "a@vfs:distro:sys", params: '{ "drive":"/x", "kind":"read" }' }),
  ).toBe(true);
  expect(read.equals({ issuer: "b@vfs:distro:sys", params: read.params })).toBe(false);
  expect(Capability.messaging("a@b:c:d").paramsJson()).toBe("messaging");
});
