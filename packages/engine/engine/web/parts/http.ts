/** `fetch` and what it takes and gives. */
import type { GuestCarrier } from "@kinode-ts/types";
import { createFetch } from "../../../src/web/fetch.ts";
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

const fetch = createFetch({ carry, Request, Response });
engineExport({ Blob, File, FormData, Headers, Request, Response, fetch });
