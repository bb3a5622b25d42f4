// A kernel that lives by the timer, for tests of machines.

import { bytesOf } from "../kvm/guest.ts";

/** Waits for five interrupts of the timer, 10 ms apart, notes the TSC at each, prints a line and switches the machine off. */
export const TICKING = bytesOf(`
  bc 00 00 09 00                ; mov esp, 0x90000
  b0 11                         ; mov al, 0x11      first 8259: vectors from 0x20, timer alone
  e6 20                         ; out 0x20, al
  b0 20                         ; mov al, 0x20
  e6 21                         ; out 0x21, al
  b0 04                         ; mov al, 4
  e6 21                         ; out 0x21, al
  b0 01                         ; mov al, 1
  e6 21                         ; out 0x21, al
  b0 fe                         ; mov al, 0xfe
  e6 21                         ; out 0x21, al
  b8 7d 00 10 00                ; mov eax, handler
  66 a3 00 21 00 00             ; mov word [0x2100], ax
  66 c7 05 02 21 00 00 10 00    ; mov word [0x2102], 0x10
  66 c7 05 04 21 00 00 00 8e    ; mov word [0x2104], 0x8e00
  c1 e8 10                      ; shr eax, 16
  66 a3 06 21 00 00             ; mov word [0x2106], ax
  0f 01 1d 8c 00 10 00          ; lidt [idtr]
  b0 34                         ; mov al, 0x34      counter 0, mode 2, 11932 ticks
  e6 43                         ; out 0x43, al
  b0 9c                         ; mov al, 0x9c
  e6 40                         ; out 0x40, al
  b0 2e                         ; mov al, 0x2e
  e6 40                         ; out 0x40, al
  bf 00 30 00 00                ; mov edi, 0x3000
  fb                            ; sti
  f4                            ; again: hlt
  81 ff 28 30 00 00             ; cmp edi, 0x3028
  72 f7                         ; jb again
  fa                            ; cli
  be 92 00 10 00                ; mov esi, text
  66 ba f8 03                   ; mov dx, 0x3f8
  ac                            ; next: lodsb
  ee                            ; out dx, al
  3c 0a                         ; cmp al, 10
  75 fa                         ; jne next
  66 ba 04 06                   ; mov dx, 0x604
  66 b8 00 20                   ; mov ax, 0x2000
  66 ef                         ; out dx, ax
  eb fe                         ; hang: jmp hang
  0f 31                         ; handler: rdtsc
  89 07                         ; mov [edi], eax
  89 57 04                      ; mov [edi+4], edx
  83 c7 08                      ; add edi, 8
  b0 20                         ; mov al, 0x20
  e6 20                         ; out 0x20, al
  cf                            ; iret
  ff 01                         ; idtr: dw 0x1ff
  00 20 00 00                   ; dd 0x2000
  74 69 63 6b 65 64 0a          ; text: db "ticked", 10
`);
