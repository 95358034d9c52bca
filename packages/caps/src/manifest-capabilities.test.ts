import { expect, test } from "bun:test";
import type { ProcessId } from "@kinode-ts/types";
import { CapsError, manifestCapabilities, requestedCapability } from "./manifest-capabilities.ts";

const our = "alice.os";
const self = "chess:chess:sys" as ProcessId;
const of = (process: string, params?: string) => ({ process: process as ProcessId, params });

test("[K67] string form and object form give the texts of the specification", () => {
  const { requested, granted } = manifestCapabilities(our, self, {
    requestNetworking: true,
    requestCapabilities: [
      of("net:distro:sys"),
      of("vfs:distro:sys", '{ "root": true }'),
      of("homepage:homepage:sys", '"RemoveOther"'),
      of("x:y:z", '{"z": 1.0, "a": {"d": 1, "c": [1, 2.50]}, "é": null, "B": "\\u0041"}'),
    ],
    grantCapabilities: [
      of("http-server:distro:sys"),
      of("terminal:terminal:sys", '"ReadNameOnly"'),
      of("x:y:z", "7"),
    ],
  });
  const texts = requested.map(({ issuer, params }) => `${issuer.node}@${issuer.process} ${params}`);
  expect(texts).toEqual([
    'alice.os@net:distro:sys "messaging"',
    'alice.os@vfs:distro:sys {"root":true}',
    'alice.os@homepage:homepage:sys "RemoveOther"',
    'alice.os@x:y:z {"B":"A","a":{"c":[1,2.5],"d":1},"z":1.0,"é":null}',
    'alice.os@kernel:distro:sys "network"',
    'alice.os@chess:chess:sys "messaging"',
    'alice.os@vfs:distro:sys {"drive":"/chess:sys/pkg","kind":"read"}',
    'alice.os@vfs:distro:sys {"drive":"/chess:sys/pkg","kind":"write"}',
  ]);
  const issuer = { node: our, process: self };
  expect(granted).toEqual([
    {
      process: "http-server:distro:sys" as ProcessId,
      capability: { issuer, params: '"messaging"' },
    },
    {
      process: "terminal:terminal:sys" as ProcessId,
      capability: { issuer, params: '"ReadNameOnly"' },
    },
    { process: "x:y:z" as ProcessId, capability: { issuer, params: "7" } },
  ]);
});

test("networking is given only when asked for", () => {
  const entry = { requestNetworking: false, requestCapabilities: [], grantCapabilities: [] };
  const { requested } = manifestCapabilities(our, self, entry);
  expect(requested.some(({ params }) => params === '"network"')).toBe(false);
});

test("params that are not JSON are refused with the text and the cure", () => {
  expect(() => requestedCapability(our, of("x:y:z", "messaging"))).toThrow(CapsError);
  expect(() => requestedCapability(our, of("x:y:z", "messaging"))).toThrow(
    'Cannot use "messaging" as params: not JSON. A plain word needs quotes',
  );
});
