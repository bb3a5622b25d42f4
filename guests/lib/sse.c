/* enable_sse on the machine: CR0.EM off, CR0.MP on, CR4.OSFXSR and CR4.OSXMMEXCPT on. */
#include "guest.h"

void enable_sse(void)
{
    uint32_t cr0, cr4;
    __asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movl %0, %%cr0" : : "r"((cr0 & ~4u) | 2u));
    __asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("movl %0, %%cr4" : : "r"(cr4 | 0x600u));
}
