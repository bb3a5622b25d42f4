/** A lock for promises: several share it, or one has it alone. First come, first served. */
interface Waiter {
  readonly isAlone: boolean;
  readonly start: () => void;
}

export class Lock {
  private sharers = 0;
  private isHeldAlone = false;
  private waiters: Waiter[] = [];

  /** Runs `action` while nobody has the lock alone. */
  async shared<T>(action: () => Promise<T>): Promise<T> {
    await this.enter(false);
    try {
      return await action();
    } finally {
      this.sharers--;
      this.admit();
    }
  }

  /** Runs `action` while nobody else has the lock. */
  async alone<T>(action: () => Promise<T>): Promise<T> {
    await this.enter(true);
    try {
      return await action();
    } finally {
      this.isHeldAlone = false;
      this.admit();
    }
  }

  private enter(isAlone: boolean): Promise<void> {
    return new Promise((start) => {
      this.waiters.push({ isAlone, start });
      this.admit();
    });
  }

  private admit(): void {
    while (this.waiters.length > 0 && !this.isHeldAlone) {
      const [{ isAlone, start }] = this.waiters;
      if (isAlone && this.sharers > 0) return;
      this.waiters.shift();
      if (isAlone) this.isHeldAlone = true;
      else this.sharers++;
      start();
    }
  }
}
