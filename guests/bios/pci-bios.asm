; INT 1Ah, B1h: PCI BIOS Specification 2.1. AL is the function; the result is in AH, and CF if it is an error.

PCI_OK          equ 00h
PCI_UNKNOWN     equ 81h
PCI_BAD_VENDOR  equ 83h
PCI_NOT_FOUND   equ 86h
PCI_BAD_REGISTER equ 87h
PCI_VERSION     equ 0210h
PCI_MECHANISM_1 equ 01h

pci_functions:
        on      01h, pci_present
        on      02h, pci_find_device
        on      03h, pci_find_class
        on      08h, pci_get_byte
        on      09h, pci_get_word
        on      0ah, pci_get_dword
        on      0bh, pci_put_byte
        on      0ch, pci_put_word
        on      0dh, pci_put_dword
        otherwise pci_unknown

pci_service:
        mov     si, pci_functions
        mov     ah, al
        call    dispatch
        mov     [bp + frame.eax + 1], ah
        test    ah, ah
        jz      return_ok
        jmp     return_error

pci_unknown:
        mov     ah, PCI_UNKNOWN
        ret

pci_present:
        mov     dword [bp + frame.edx], "PCI "
        mov     byte [bp + frame.eax], PCI_MECHANISM_1
        mov     word [bp + frame.ebx], PCI_VERSION
        mov     byte [bp + frame.ecx], 0 ; the last bus
        xor     ah, ah
        ret

; The SI-th of vendor DX and device CX.
pci_find_device:
        cmp     dx, 0ffffh
        mov     ah, PCI_BAD_VENDOR
        je      .done
        shl     ecx, 16
        mov     cx, dx
        mov     di, PCI_VENDOR
        mov     edx, -1
        jmp     find_function
.done:  ret

; The SI-th of class ECX (24 bits).
pci_find_class:
        shl     ecx, 8
        mov     di, PCI_CLASS
        mov     edx, 0ffffff00h

; The SI-th function whose register DI is ECX in the bits of EDX.
find_function:
        mov     bx, -1
.next:  call    pci_next
        mov     ah, PCI_NOT_FOUND
        jc      .done
        call    pci_read
        and     eax, edx
        cmp     eax, ecx
        jne     .next
        sub     si, 1
        jnc     .next
        mov     [bp + frame.ebx], bx
        xor     ah, ah
.done:  ret

; Registers: DI, of BX; the value in CL, CX, ECX.
pci_get_byte:
        call    check_register
        jc      .done
        call    pci_read_byte
        mov     [bp + frame.ecx], al
        xor     ah, ah
.done:  ret
pci_get_word:
        test    di, 1
        jnz     bad_register
        call    check_register
        jc      .done
        call    pci_read_word
        mov     [bp + frame.ecx], ax
        xor     ah, ah
.done:  ret
pci_get_dword:
        test    di, 3
        jnz     bad_register
        call    check_register
        jc      .done
        call    pci_read
        mov     [bp + frame.ecx], eax
        xor     ah, ah
.done:  ret
pci_put_byte:
        call    check_register
        jc      .done
        mov     al, cl
        call    pci_write_byte
        xor     ah, ah
.done:  ret
pci_put_word:
        test    di, 1
        jnz     bad_register
        call    check_register
        jc      .done
        mov     ax, cx
        call    pci_write_word
        xor     ah, ah
.done:  ret
pci_put_dword:
        test    di, 3
        jnz     bad_register
        call    check_register
        jc      .done
        mov     eax, ecx
        call    pci_write
        xor     ah, ah
.done:  ret

check_register:
        cmp     di, 100h
        cmc
        jnc     .done
        mov     ah, PCI_BAD_REGISTER
.done:  ret
bad_register:
        mov     ah, PCI_BAD_REGISTER
        ret
