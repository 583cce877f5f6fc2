/** What the server lets a client take of it: bytes, time, connections. */

/** The head of a request: the line and all its headers. Browsers send about 1 KiB. */
export const MOST_HEAD_BYTES = 16_384;
/** The time in which the head has to come, whole. */
export const HEAD_TIMEOUT_MS = 5_000;
/** The time in which an answer that is no WebSocket has to be asked for, made and read. */
export const EXCHANGE_TIMEOUT_MS = 60_000;
/** A connection on which nothing moves for so long is closed; a WebSocket that lives is asked for a sign of life more often. */
export const IDLE_TIMEOUT_MS = 90_000;
/** The runtime sends a ping when it has heard nothing for half of it. */
export const PING_SECONDS = 60;
/** Connections at once. The oldest whose request has not come is closed for a new one; without such a one the new one is closed. */
export const MOST_CONNECTIONS = 256;
/** Of a change: a job's id, a verb, a value. */
export const MOST_BODY_BYTES = 4_096;
/** Pages at once. */
export const MOST_PAGES = 128;
/** Of a message of a page. */
export const MOST_MESSAGE_CHARACTERS = 1_024;
/** Messages of a page between two looks. */
export const MOST_MESSAGES = 20;
/** What waits for a page that does not read. Beyond it the page gets nothing more, and later a whole snapshot. */
export const MOST_BUFFERED_BYTES = 4 << 20;
/** Sessions at once; the oldest goes for a new one. */
export const MOST_SESSIONS = 256;
/** Between two looks while a page is open. */
export const LOOK_EVERY_MS = 2_000;
/** Between two looks while none is: the node's course is kept all the same. */
export const LOOK_UNSEEN_EVERY_MS = 10_000;
