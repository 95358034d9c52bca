import { expect, test } from "bun:test";
import { receivedHeaders, sendableHeaders } from "./header-fields.ts";
import { redirected } from "./redirects.ts";
import type { HttpRequest } from "./redirects.ts";

const body = new Uint8Array([1]);
const request = (method: string): HttpRequest => ({
  method,
  url: new URL("https://a.example/x/y?z"),
  headers: [
    ["Authorization", "secret"],
    ["Cookie", "c"],
    ["Content-Type", "text/plain"],
    ["X-Other", "1"],
  ],
  body,
});

test("301, 302 and 303 look at the new place without the body", () => {
  for (const status of [301, 302, 303]) {
    const next = redirected(request("POST"), status, "../n")!;
    expect([next.method, next.url.href, next.body]).toEqual([
      "GET",
      "https://a.example/n",
      undefined,
    ]);
    expect(next.headers.map(([name]) => name)).toEqual(["Authorization", "Cookie", "X-Other"]);
    expect(redirected(request("GET"), status, "/n")).toMatchObject({ method: "GET", body });
    expect(redirected(request("HEAD"), status, "/n")).toMatchObject({ method: "HEAD" });
  }
});

test("307 and 308 send the same again", () => {
  for (const status of [307, 308])
    expect(redirected(request("POST"), status, "/n")).toMatchObject({ method: "POST", body });
});

test("what was meant for one host does not go to another, not even to another port", () => {
  for (const location of ["https://b.example/", "http://a.example/", "https://a.example:444/"]) {
    const next = redirected(request("GET"), 307, location)!;
    expect(next.headers.map(([name]) => name)).toEqual(["Content-Type", "X-Other"]);
  }
});

test("what is no redirect, or one to nowhere or to another protocol, is an answer like any other", () => {
  expect(redirected(request("GET"), 200, "/n")).toBeUndefined();
  expect(redirected(request("GET"), 304, "/n")).toBeUndefined();
  expect(redirected(request("GET"), 302, undefined)).toBeUndefined();
  expect(redirected(request("GET"), 302, "http://")).toBeUndefined();
  expect(redirected(request("GET"), 302, "file:///etc/passwd")).toBeUndefined();
});

test("headers that are invalid or belong to the connection are not sent", () => {
  const headers = sendableHeaders([
    ["X-Good", " v "],
    ["Bad Name", "v"],
    ["X-Split", "a\r\nX-Evil: 1"],
    ["Transfer-Encoding", "chunked"],
    ["content-length", "5"],
    ["Upgrade", "websocket"],
    ["", "v"],
  ]);
  expect(headers).toEqual([["X-Good", "v"]]);
});

test("received headers have capital letters, the last of several values, and no unprintable ones", () => {
  expect(
    receivedHeaders([
      ["content-type", "text/html"],
      ["x-a", "1"],
      ["X-A", "2"],
      ["x-caf", "caf\u00e9"],
      ["ETAG", "e"],
    ]),
  ).toEqual({ "Content-Type": "text/html", "X-A": "2", "X-Caf": "", Etag: "e" });
});
