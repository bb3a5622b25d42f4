/**
 * Checks that are known to fail, by image, with the reason. A check in here that passes fails the test: then its row must go.
 * A name that ends in `*` stands for all that begin so.
 */
export interface Pending {
  readonly image: string;
  readonly check: string;
  readonly reason: string;
}

export const PENDING: readonly Pending[] = [];
