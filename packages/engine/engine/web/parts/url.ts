/** `URL` and `URLSearchParams`. */
import { URL } from "../url.ts";
import { URLSearchParams } from "../url-search-params.ts";

declare function engineExport(exports: object): void;
engineExport({ URL, URLSearchParams });
