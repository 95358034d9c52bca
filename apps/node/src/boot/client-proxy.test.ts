import { expect, test } from "bun:test";
import { readStartFlags } from "./start-config.ts";

const read = (environment: Record<string, string>) => readStartFlags("/x", {}, environment);

test("the usual variables of the environment name the proxy of apps", () => {
  const { clientProxy } = read({ https_proxy: "http://p.example:3128", NO_PROXY: "a.os,b.os" });
  expect(clientProxy).toMatchObject({ plain: undefined, bypass: ["a.os", "b.os"] });
  expect(clientProxy!.secure!.href).toBe("http://p.example:3128/");
  expect(read({}).clientProxy).toBeUndefined();
});

test("a variable that is no URL stops the start and is named", () => {
  expect(() => read({ HTTP_PROXY: "http://" })).toThrow("HTTP_PROXY is not the URL of a proxy");
});
