import { expect, test } from "bun:test";
import { publishOrder } from "./release.ts";
import { published, readMembers } from "./workspace.ts";

test("publishOrder() puts every package behind what it depends on", () => {
  const ordered = publishOrder(published(readMembers()));
  expect(ordered.length).toBeGreaterThan(10);
  const names = ordered.map((member) => member.name);
  for (const [at, member] of ordered.entries()) {
    for (const dependency of member.dependencies.filter((name) => names.includes(name))) {
      expect(names.indexOf(dependency)).toBeLessThan(at);
    }
  }
});
