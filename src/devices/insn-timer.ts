/**
 * A timer that counts retired insns instead of time: a paravirtual device, for kernels that are to be preempted at the same
 * insn in every run and under every engine. It counts once and stays off until it is written again.
 *
 * | port | size | reads | writes |
 * |---|---|---|---|
 * | base + 0 | 4 | insns left; 0 while off | insns to count, 0 to switch off; takes back an interrupt that has not been taken |
 * | base + 4 | 1 | the vector | the vector it interrupts with; 0x20 at first |
 *
 * N insns after the OUT that wrote N have retired, the interrupt is raised; it is taken as soon as the CPU takes interrupts.
 * While the CPU is halted no insns retire: whoever runs it then calls `expire`, which makes the timer go off at once.
 */

/** Offsets from the first port, and how many ports there are. */
export const TIMER_COUNT = 0, TIMER_VECTOR = 4, TIMER_PORTS = 8;

const FIRST_EXTERNAL_VECTOR = 0x20;

export class InsnTimer {
  /** Count of retired insns at which it goes off; Infinity while it is off. */
  deadline = Infinity;
  /** It has gone off, and the interrupt has not been taken. */
  isRaised = false;
  vector = FIRST_EXTERNAL_VECTOR;

  /** True if it can still interrupt. */
  get isArmed(): boolean {
    return this.isRaised || this.deadline !== Infinity;
  }

  /**
   * IN from a port.
   * @param insns  retired before the IN
   * @returns null for a port or size that reads nothing
   */
  read(offset: number, size: number, insns: number): number | null {
    if (offset === TIMER_COUNT && size === 4) return this.deadline === Infinity ? 0 : Math.max(0, this.deadline - insns);
    return offset === TIMER_VECTOR && size === 1 ? this.vector : null;
  }

  /**
   * OUT to a port.
   * @param insns  retired so far, the OUT included
   * @returns false for a port or size that takes nothing
   */
  write(offset: number, size: number, value: number, insns: number): boolean {
    if (offset === TIMER_COUNT && size === 4) {
      this.isRaised = false;
      this.deadline = value === 0 ? Infinity : insns + value;
      return true;
    }
    if (offset !== TIMER_VECTOR || size !== 1) return false;
    this.vector = value;
    return true;
  }

  /** Goes off if it is time. */
  advance(insns: number): void {
    if (insns >= this.deadline) this.expire();
  }

  /** Goes off now. */
  expire(): void {
    this.deadline = Infinity;
    this.isRaised = true;
  }
}
