/** Bytes that wait, in the order in which they came; grows with what is put in. */

const FIRST_BYTES = 16 * 1024;

export class ByteRing {
  /** How many there are. */
  length = 0;
  /** Its length is a power of two. */
  private bytes = new Uint8Array(0);
  private first = 0;

  push(added: Uint8Array): void {
    this.reserve(this.length + added.length);
    const at = (this.first + this.length) & (this.bytes.length - 1), head = Math.min(added.length, this.bytes.length - at);
    this.bytes.set(added.subarray(0, head), at);
    this.bytes.set(added.subarray(head), 0);
    this.length += added.length;
  }

  /** Copies `count` bytes that come `offset` after the first. */
  copy(offset: number, count: number, target: Uint8Array, at: number): void {
    const from = (this.first + offset) & (this.bytes.length - 1), head = Math.min(count, this.bytes.length - from);
    target.set(this.bytes.subarray(from, from + head), at);
    target.set(this.bytes.subarray(0, count - head), at + head);
  }

  /** Forgets the first `count`. */
  drop(count: number): void {
    this.length -= count;
    this.first = this.length === 0 ? 0 : (this.first + count) & (this.bytes.length - 1);
  }

  /** Forgets all, and gives the memory back. */
  clear(): void {
    this.length = this.first = 0;
    this.bytes = new Uint8Array(0);
  }

  private reserve(needed: number): void {
    if (needed <= this.bytes.length) return;
    let size = Math.max(FIRST_BYTES, this.bytes.length);
    while (size < needed) size *= 2;
    const grown = new Uint8Array(size);
    this.copy(0, this.length, grown, 0);
    this.bytes = grown;
    this.first = 0;
  }
}
