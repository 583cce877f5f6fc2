/** What corral calls itself by for the keeper of a queue (keeper.ts). */
export const QUEUE_KEEP = "queue-keep";
