/** `fetch` and what it takes and gives. */
import { createFetch } from "@kinode-ts/codec/web-fetch";
import type { GuestCarrier } from "@kinode-ts/types";
import { Blob, File, FormData } from "../blob.ts";
import { Headers } from "../headers.ts";
import type { Natives } from "../natives.ts";
import { partNumber } from "../part-list.ts";
import { Request, Response } from "../request-response.ts";

declare function engineExport(exports: object): void;
declare const engineNatives: Natives;

/** Loads the sender only when something is sent. */
const carry: GuestCarrier = (request, done) => {
  const own = engineNatives.load(partNumber("carrier")) as { carry: GuestCarrier };
  own.carry(request, done);
};

const [firstNumber = 0] = crypto.getRandomValues(new Uint32Array(1));
const streamOf = (parts: AsyncIterable<Uint8Array>): unknown => parts;
const fetch = createFetch({ carry, Request, Response, streamOf, firstNumber });
engineExport({ Blob, File, FormData, Headers, Request, Response, fetch });
