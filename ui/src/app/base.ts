import { basePath } from "./urls";

/** Where this page is served; the server writes it into the `<base>` tag. */
export const base = basePath(document.baseURI);
