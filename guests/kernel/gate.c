/* System calls: INT 0x80, or SYSENTER where there is one. Processes call a page that the kernel fills as it likes. */
#include "guest.h"
#include "kernel.h"

#define FEATURE_SEP (1u << 11)
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

static bool uses_sysenter;
/* Where a process goes on after SYSENTER: an address in its gate page. */
uint32_t sysenter_return_address;

static bool has_sysenter(void)
{
    uint32_t eax = 1, ebx, ecx, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    /* The first Pentium Pros say that they have it, and have not (SDM 2B, SYSENTER). */
    bool is_early = (eax >> 8 & 15) == 6 && (eax >> 4 & 15) < 3 && (eax & 15) < 3;
    return (edx & FEATURE_SEP) && !is_early;
}

void set_up_gate(enum gate wanted)
{
    uses_sysenter = wanted != GATE_INT && has_sysenter();
    if (wanted == GATE_SYSENTER && !uses_sysenter)
        panic("this processor has no SYSENTER");
    put_str(uses_sysenter ? "kernel: system calls by SYSENTER\n" : "kernel: system calls by INT 0x80\n");
    if (!uses_sysenter)
        return;
    sysenter_return_address = USER_GATE + (uint32_t)(gate_sysenter_return - gate_sysenter);
    write_msr(MSR_SYSENTER_CS, KERNEL_CS);
    write_msr(MSR_SYSENTER_ESP, (uint32_t)entry_stack_field());
    write_msr(MSR_SYSENTER_EIP, (uint32_t)sysenter_entry);
}

uint32_t new_gate_page(const char *arguments)
{
    uint32_t page = allocate_page();
    char *gate = physical(page), *text = gate + (USER_ARGUMENTS - USER_GATE), *end = gate + PAGE_SIZE - 1;
    if (uses_sysenter)
        memcpy(gate, gate_sysenter, (size_t)(gate_sysenter_end - gate_sysenter));
    else
        memcpy(gate, gate_int, (size_t)(gate_int_end - gate_int));
    while (*arguments && text < end)
        *text++ = *arguments++;
    return page;
}
