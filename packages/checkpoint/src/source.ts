/** Bytes somewhere, read by range: a file, a Blob, a URL, or memory. */
export interface ByteSource {
  /** How errors call it. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Bytes begin … end−1; a view where they are in memory. `room`, of that many bytes at least, is where they may be put: who
   * reads piece after piece spares new memory for each. Throws FormatError beyond the end, and when they are cut short.
   */
  read(begin: number, end: number, room?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Files by name, read only: a folder, a set of Blobs, or a place on the web. */
export interface FileSet {
  readonly name: string;
  /** `undefined` when there is no such file. Throws FormatError for a path that leaves the folder. */
  open(path: string): Promise<ByteSource | undefined>;
  /** Paths of the files, with "/", in order; none where they cannot be listed. */
  list(): Promise<string[]>;
}
