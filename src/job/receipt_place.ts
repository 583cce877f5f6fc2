/**
 * Where the receipt of a job goes: recorded, so that a guard or a sweep can write it when the supervisor is gone. `renamed`: written aside
 * and renamed, in the directory of that device and inode. `in-place`: a device, or a file whose directory the caller may not change.
 * `as-user`: by a process of that user; `directory`, DEVICE:INODE, when it must be the one that the job was started with.
 */
export type ReceiptPlace =
  | { how: "renamed" | "in-place"; path: string; device: number; inode: number }
  | { how: "as-user"; path: string; uid: number; gid: number; directory?: string };
