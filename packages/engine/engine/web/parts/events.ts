/** Events and aborting. */
import { AbortController, AbortSignal, CustomEvent, Event, EventTarget } from "../events.ts";

declare let engineExports: object;
engineExports = { AbortController, AbortSignal, CustomEvent, Event, EventTarget };
