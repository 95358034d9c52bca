/** Events and aborting. */
import { AbortController, AbortSignal, CustomEvent, Event, EventTarget } from "../events.ts";

declare function engineExport(exports: object): void;
engineExport({ AbortController, AbortSignal, CustomEvent, Event, EventTarget });
