/** KVM_TRANSLATE: from linear to physical addresses, for debuggers. */
import type { Cpu } from "../x86/cpu.ts";

/** `struct kvm_translation`, outgoing part. */
export interface KvmTranslation {
  /** Unsigned; 0 if not valid. */
  readonly physicalAddress: number;
  /** The address is mapped. */
  readonly valid: boolean;
  /** The tables let it be written. */
  readonly writeable: boolean;
  /** The tables let level 3 reach it. */
  readonly usermode: boolean;
}

export const NO_TRANSLATION: KvmTranslation = { physicalAddress: 0, valid: false, writeable: false, usermode: false };

/** @param linear  as int32 */
export function translationOf(cpu: Cpu, linear: number): KvmTranslation {
  const found = cpu.mmu.peek(linear);
  if (found === null) return NO_TRANSLATION;
  const { physical, isWritable, isUser } = found;
  return { physicalAddress: physical >>> 0, valid: true, writeable: isWritable, usermode: isUser };
}
