/*
 * Demand paging. A process begins with nothing mapped but its gate page:
 *
 * - its image is read from the module's own pages, and a page is copied when it is first written;
 * - above it everything is zero: one page for all to read, one's own when it is written;
 * - its stack grows downwards as it is used, but not by a leap below ESP.
 */
#include "guest.h"
#include "kernel.h"

/* Bits of the error code (SDM 3A, figure 4-12). */
#define FAULT_PRESENT 0x1
#define FAULT_WRITE 0x2

/* PUSHA, the greediest of pushes, writes so far below ESP. */
#define PUSH_BYTES 32

static uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static uint32_t image_end(const struct process *process)
{
    return (USER_IMAGE + process->image_bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

static bool is_image(const struct process *process, uint32_t address)
{
    return address >= USER_IMAGE && address < image_end(process);
}

static bool is_data(const struct process *process, uint32_t address)
{
    return address >= USER_IMAGE && address < USER_STACK_LIMIT && !is_image(process, address);
}

static bool is_stack(const struct process *process, uint32_t address)
{
    return address >= USER_STACK_LIMIT && address < USER_STACK_TOP && address + PUSH_BYTES >= process->frame.esp;
}

static void copy_page(void *to, const void *from)
{
    uint32_t words = PAGE_SIZE / 4;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* A page of its own for a process, with the contents of another. */
static void give_copy(struct process *process, uint32_t at, uint32_t original)
{
    uint32_t page = allocate_page();
    copy_page(physical(page), physical(original));
    map_page(process->directory, at, page, PAGE_USER | PAGE_WRITABLE | PAGE_OWNED);
}

bool handle_page_fault(struct process *process, uint32_t address, uint32_t error)
{
    uint32_t at = address & -PAGE_SIZE;
    bool writes = error & FAULT_WRITE;
    if ((error & FAULT_PRESENT) && !writes)
        return false;
    if (is_image(process, address)) {
        uint32_t original = process->image + (at - USER_IMAGE);
        if (writes) {
            process->counters.copied_pages++;
            give_copy(process, at, original);
        } else {
            map_page(process->directory, at, original, PAGE_USER);
        }
        return true;
    }
    if (is_stack(process, address))
        process->counters.stack_pages++;
    else if (!is_data(process, address))
        return false;
    else if (writes)
        process->counters.zero_pages++;
    if (writes)
        map_page(process->directory, at, allocate_page(), PAGE_USER | PAGE_WRITABLE | PAGE_OWNED);
    else
        map_page(process->directory, at, (uint32_t)zero_page - KERNEL_BASE, PAGE_USER);
    return true;
}

static bool may_read_page(const struct process *process, uint32_t address)
{
    return (page_entry(process->directory, address) & PAGE_USER) || is_image(process, address) || is_data(process, address)
        || is_stack(process, address);
}

bool user_may_read(const struct process *process, uint32_t address, uint32_t length)
{
    if (length == 0)
        return true;
    uint32_t last = address + length - 1;
    if (last < address || last >= KERNEL_BASE)
        return false;
    for (uint32_t page = address & -PAGE_SIZE; page <= last; page += PAGE_SIZE)
        if (!may_read_page(process, page > address ? page : address))
            return false;
    return true;
}
