/* What processes ask the kernel for: the number goes to EAX, arguments to EBX and ECX, the result comes in EAX. */
#ifndef SYSCALLS_H
#define SYSCALLS_H

/* exit(status): does not return. */
#define SYS_EXIT 1
/* write(address, length): prints; returns the length. */
#define SYS_WRITE 2
/* getpid(): 1, 2, ... */
#define SYS_GETPID 3
/* yield(): lets the next process run; returns 0. */
#define SYS_YIELD 4

/* Results: no such call; an address that the process may not read. */
#define SYS_UNKNOWN 0xffffffff
#define SYS_FAULT 0xfffffffe

#endif
