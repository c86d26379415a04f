/** Where this server's addresses begin, as the browser sees them: a proxy may have put a prefix before them. */

const PREFIX = import.meta.env.PROD ? new URL(/* @vite-ignore */ "..", import.meta.url).pathname.replace(/\/$/, "") : "";

/** Scheme, host, port and prefix. */
export const root = location.origin + PREFIX;

/** The page's own path, without the prefix and without a slash at its end. */
export const path = location.pathname.slice(PREFIX.length).replace(/(.)\/$/, "$1") || "/";

/** The address of a path of this server, for links and for fetch. */
export const link = (to: string) => PREFIX + to;
