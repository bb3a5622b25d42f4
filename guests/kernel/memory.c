/* Physical pages, and the page tables of address spaces (32-bit paging with 4 KiB pages: SDM 3A, 4.3). */
#include "guest.h"
#include "kernel.h"

#define TABLE_ENTRIES 1024
#define KERNEL_ENTRY (KERNEL_BASE >> 22)
#define ADDRESS_BITS 0xfffff000
/* What boot.S has mapped, and the most that fits between KERNEL_BASE and the end. */
#define BOOT_MAPPED 0x00800000
#define MAX_MEMORY 0x30000000

/* Pages that were freed, each holding the address of the next; and the memory that was never used. */
static uint32_t free_list, next_fresh, memory_end;
static uint32_t in_use;

void *physical(uint32_t address)
{
    return (void *)(address + KERNEL_BASE);
}

static void clear_page(void *page)
{
    uint32_t words = PAGE_SIZE / 4;
    __asm__ volatile("rep stosl" : "+D"(page), "+c"(words) : "a"(0) : "memory");
}

/* A page of zeros. */
uint32_t allocate_page(void)
{
    uint32_t page = free_list;
    if (page) {
        free_list = *(uint32_t *)physical(page);
    } else {
        page = next_fresh;
        if (page + PAGE_SIZE > memory_end)
            panic("out of memory");
        next_fresh += PAGE_SIZE;
    }
    in_use++;
    clear_page(physical(page));
    return page;
}

static void free_page(uint32_t page)
{
    *(uint32_t *)physical(page) = free_list;
    free_list = page;
    in_use--;
}

uint32_t pages_in_use(void)
{
    return in_use;
}

/* Maps all of memory, with tables from the part that is mapped already, and takes the low mapping of boot.S away. */
void set_up_memory(uint32_t from, uint32_t to)
{
    next_fresh = (from + PAGE_SIZE - 1) & ADDRESS_BITS;
    memory_end = (to < MAX_MEMORY ? to : MAX_MEMORY) & ADDRESS_BITS;
    if (next_fresh + (memory_end >> 10) > BOOT_MAPPED)
        panic("the modules leave no room for page tables");
    for (uint32_t at = BOOT_MAPPED; at < memory_end; at += PAGE_SIZE)
        map_page((uint32_t)boot_directory - KERNEL_BASE, KERNEL_BASE + at, at, PAGE_WRITABLE);
    for (uint32_t i = 0; i < BOOT_MAPPED >> 22; i++)
        boot_directory[i] = 0;
    switch_address_space((uint32_t)boot_directory - KERNEL_BASE);
    /* What the tables take stays in use for ever. */
    in_use = 0;
}

uint32_t new_address_space(void)
{
    uint32_t directory = allocate_page();
    memcpy((uint32_t *)physical(directory) + KERNEL_ENTRY, boot_directory + KERNEL_ENTRY, (TABLE_ENTRIES - KERNEL_ENTRY) * 4);
    return directory;
}

void free_address_space(uint32_t directory)
{
    uint32_t *entries = physical(directory);
    for (uint32_t i = 0; i < KERNEL_ENTRY; i++) {
        if (!(entries[i] & PAGE_PRESENT))
            continue;
        uint32_t *table = physical(entries[i] & ADDRESS_BITS);
        for (uint32_t j = 0; j < TABLE_ENTRIES; j++)
            if (table[j] & PAGE_OWNED)
                free_page(table[j] & ADDRESS_BITS);
        free_page(entries[i] & ADDRESS_BITS);
    }
    free_page(directory);
}

void switch_address_space(uint32_t directory)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(directory) : "memory");
}

void map_page(uint32_t directory, uint32_t address, uint32_t page, uint32_t flags)
{
    uint32_t *entry = (uint32_t *)physical(directory) + (address >> 22);
    if (!(*entry & PAGE_PRESENT))
        *entry = allocate_page() | PAGE_PRESENT | PAGE_WRITABLE | (flags & PAGE_USER);
    uint32_t *table = physical(*entry & ADDRESS_BITS);
    table[address >> 12 & (TABLE_ENTRIES - 1)] = page | PAGE_PRESENT | flags;
    __asm__ volatile("invlpg %0" : : "m"(*(char *)address) : "memory");
}

uint32_t page_entry(uint32_t directory, uint32_t address)
{
    uint32_t entry = ((uint32_t *)physical(directory))[address >> 22];
    if (!(entry & PAGE_PRESENT))
        return 0;
    return ((uint32_t *)physical(entry & ADDRESS_BITS))[address >> 12 & (TABLE_ENTRIES - 1)];
}
