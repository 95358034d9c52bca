import { expect, test } from "bun:test";
import { proxyAuthorization, proxyFor, readProxySettings } from "./proxy-settings.ts";

const of = (environment: Record<string, string>, url: string): string | undefined =>
  proxyFor(readProxySettings(environment), new URL(url))?.href;

test("each protocol has its proxy; lower case comes first, and one may be for all", () => {
  const both = { HTTP_PROXY: "http://a:1", https_proxy: "b:2", HTTPS_PROXY: "http://c:3" };
  expect(of(both, "http://x.os/")).toBe("http://a:1/");
  expect(of(both, "ws://x.os/")).toBe("http://a:1/");
  expect(of(both, "https://x.os/")).toBe("http://b:2/");
  expect(of(both, "wss://x.os/")).toBe("http://b:2/");
  expect(of({ HTTP_PROXY: "http://a:1" }, "https://x.os/")).toBeUndefined();
  expect(of({ ALL_PROXY: "http://d:4", HTTP_PROXY: "" }, "http://x.os/")).toBe("http://d:4/");
  expect(readProxySettings({})).toBeUndefined();
});

test("what is listed, and this machine, is reached directly", () => {
  const NO_PROXY = "example.org, .local *.inner,10.0.0.1  other.os:8080 [fd00::1]:99 fd00::2";
  const settings = { HTTP_PROXY: "p:1", NO_PROXY };
  for (const url of [
    "http://example.org/",
    "http://EXAMPLE.org.:8/",
    "http://www.example.org/",
    "http://printer.local/",
    "http://a.inner/",
    "http://10.0.0.1:77/",
    "http://other.os:8080/",
    "http://[fd00::1]:99/",
    "http://[fd00::2]/",
    "http://localhost:80/",
    "http://a.localhost/",
    "http://127.1.2.3/",
    "http://[::1]:8080/",
  ]) {
    expect([url, of(settings, url)]).toEqual([url, undefined]);
  }
  for (const url of [
    "http://notexample.org/",
    "http://example.org.evil/",
    "http://other.os/",
    "http://10.0.0.11/",
    "http://[fd00::1]/",
    "http://localhost.evil/",
  ]) {
    expect([url, of(settings, url)]).toEqual([url, "http://p:1/"]);
  }
  expect(of({ HTTP_PROXY: "p:1", NO_PROXY: "*" }, "http://x.os/")).toBeUndefined();
});

test("what is no proxy is refused with the name of its variable, one of another kind when it is needed", () => {
  for (const value of ["http://", "::", "a b"]) {
    expect(() => readProxySettings({ HTTPS_PROXY: value })).toThrow("HTTPS_PROXY");
  }
  for (const value of ["socks5://a:1", "https://a:1"]) {
    expect(() => of({ ALL_PROXY: value }, "https://x.os/")).toThrow("behind a proxy of the kind");
    expect(of({ ALL_PROXY: value }, "https://localhost/")).toBeUndefined();
  }
});

test("a user of the proxy is told to it alone", () => {
  expect(proxyAuthorization(new URL("http://me:a%20b@p:1"))).toBe(`Basic ${btoa("me:a b")}`);
  expect(proxyAuthorization(new URL("http://p:1"))).toBeUndefined();
});
