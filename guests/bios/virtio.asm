; Disks on virtio (Virtual I/O Device Specification 1.1, §4.1 and §5.2), by way of the window that configuration space has into the modern
; registers (§4.1.4.9), which real mode could not reach otherwise. One request at a time, polled.

VIRTIO_BLK_TRANSITIONAL equ 10011af4h
VIRTIO_BLK_MODERN equ 10421af4h
PCI_STATUS      equ 06h
PCI_CAPABILITIES equ 34h
STATUS_HAS_LIST equ 10h
CAP_VENDOR      equ 09h

; A capability of a virtio function; the window goes on with its data.
CAP_TYPE        equ 3
CAP_BAR         equ 4
CAP_OFFSET      equ 8
CAP_LENGTH      equ 12
CAP_MULTIPLIER  equ 16
CAP_DATA        equ 16
TYPE_COMMON     equ 1
TYPE_NOTIFY     equ 2
TYPE_DEVICE     equ 4
TYPE_WINDOW     equ 5

; Common configuration.
VIRTIO_FEATURES_PAGE equ 8              ; which of the driver's features follow
VIRTIO_FEATURES equ 12
VIRTIO_STATUS   equ 20
VIRTIO_QUEUE    equ 22
VIRTIO_SIZE     equ 24
VIRTIO_ENABLE   equ 28
VIRTIO_NOTIFY   equ 30
VIRTIO_DESCRIPTORS equ 32
VIRTIO_AVAILABLE equ 40
VIRTIO_USED     equ 48
ACKNOWLEDGED    equ 1 | 2               ; a device, and a driver for it
FEATURES_OK     equ 8
DRIVER_OK       equ 4
VERSION_1       equ 1                   ; of the second 32 features

; A ring, as it lies in the EBDA. A request takes the first three of four descriptors; what the fourth's place holds is never read as one.
RING_ENTRIES    equ 4
struc ring
.descriptors:   resb 3 * 16
.available:     resw 2 + RING_ENTRIES
.used:          resd 1 + 2 * RING_ENTRIES
.size:
endstruc
RING_BYTES      equ 96                  ; a multiple of 16
DESCRIPTOR_NEXT equ 1
DESCRIPTOR_WRITE equ 2
NO_INTERRUPT    equ 1
REQUEST_BYTES   equ 16
REQUEST_NO_STATUS equ 0ffh              ; none that a device gives
REQUEST_MICROSECONDS equ 10             ; between two looks
REQUEST_LOOKS   equ 500000              ; about 5 s
EBDA_LINEAR     equ EBDA_SEG << 4

; Looks for disks on the bus; SI is the record for the first of them, and DS the EBDA.
find_virtio_disks:
        mov     word [ebda_ring_next], ebda_rings
        mov     bx, -1
.next:  call    pci_next
        jc      .done
        cmp     si, ebda_drives + DRIVES * drive.size
        jae     .done
        mov     di, PCI_VENDOR
        call    pci_read
        cmp     eax, VIRTIO_BLK_TRANSITIONAL
        je      .disk
        cmp     eax, VIRTIO_BLK_MODERN
        jne     .next
.disk:  push    bx
        mov     [si + drive.port], bx
        call    set_up_virtio
        pop     bx
        jc      .next
        add     si, drive.size
        add     word [ebda_ring_next], RING_BYTES
        jmp     .next
.done:  ret

; Begins with the device of the record at SI. CF: it cannot be used.
set_up_virtio:
        call    find_capabilities
        jc      .none
        mov     bp, [ebda_ring_next]
        mov     [si + drive.ring], bp
        mov     edi, VIRTIO_STATUS      ; reset
        xor     eax, eax
        call    write_common_byte
        mov     al, ACKNOWLEDGED
        call    write_common_byte
        mov     edi, VIRTIO_FEATURES_PAGE
        xor     eax, eax
        call    write_common_dword
        mov     edi, VIRTIO_FEATURES    ; without FLUSH, what is written lasts
        call    write_common_dword
        mov     edi, VIRTIO_FEATURES_PAGE
        inc     ax
        call    write_common_dword
        mov     edi, VIRTIO_FEATURES
        mov     eax, VERSION_1
        call    write_common_dword
        mov     edi, VIRTIO_STATUS
        mov     al, ACKNOWLEDGED | FEATURES_OK
        call    write_common_byte
        call    read_common_byte
        test    al, FEATURES_OK
        jz      .none
        mov     edi, VIRTIO_QUEUE
        xor     eax, eax
        call    write_common_word
        mov     edi, VIRTIO_SIZE
        call    read_common_word
        cmp     ax, RING_ENTRIES
        jb      .none
        mov     ax, RING_ENTRIES
        call    write_common_word
        movzx   ebp, bp
        lea     eax, [ebp + EBDA_LINEAR + ring.descriptors]
        mov     edi, VIRTIO_DESCRIPTORS
        call    write_common_address
        lea     eax, [ebp + EBDA_LINEAR + ring.available]
        mov     edi, VIRTIO_AVAILABLE
        call    write_common_address
        lea     eax, [ebp + EBDA_LINEAR + ring.used]
        mov     edi, VIRTIO_USED
        call    write_common_address
        mov     word [ds:bp + ring.available], NO_INTERRUPT
        mov     edi, VIRTIO_NOTIFY
        call    read_common_word
        movzx   eax, ax
        mul     dword [ebda_virtio_multiplier]
        add     [si + drive.notify], eax
        mov     edi, VIRTIO_ENABLE
        mov     ax, 1
        call    write_common_word
        mov     edi, VIRTIO_STATUS
        mov     al, ACKNOWLEDGED | FEATURES_OK | DRIVER_OK
        call    write_common_byte
        xor     edi, edi                ; the configuration begins with how many sectors there are
        call    read_device_dword
        mov     [si + drive.sectors], eax
        mov     edi, 4
        call    read_device_dword
        mov     [si + drive.sectors + 4], eax
        jmp     take_virtio
.none:  stc
        ret

OWN_HEADS       equ 16
OWN_CYLINDERS   equ 16383
; The record at SI gets a geometry, as a disk on IDE of the size has it, and is a drive.
take_virtio:
        mov     word [si + drive.own_heads], OWN_HEADS
        mov     word [si + drive.own_track], MAX_TRACK
        mov     eax, [si + drive.sectors]
        mov     edx, [si + drive.sectors + 4]
        mov     ecx, OWN_HEADS * MAX_TRACK
        cmp     edx, ecx
        jae     .most
        div     ecx
        cmp     eax, OWN_CYLINDERS
        jbe     .cylinders
.most:  mov     ax, OWN_CYLINDERS
.cylinders:
        mov     [si + drive.own_cylinders], ax
        call    choose_geometry
        mov     byte [si + drive.unit], UNIT_VIRTIO
        jmp     add_disk

; Where the registers of the function of the record at SI are, to the record and to ebda_virtio_. CF: some are missing.
find_capabilities:
        mov     bx, [si + drive.port]
        xor     cx, cx                  ; a bit for each kind that was found
        mov     di, PCI_STATUS
        call    pci_read_word
        test    al, STATUS_HAS_LIST
        jz      .end
        mov     bp, 48                  ; as many as there can be
        mov     di, PCI_CAPABILITIES
.next:  call    pci_read_byte
        and     ax, 0fch
        jz      .end
        dec     bp
        jz      .end
        mov     di, ax
        call    pci_read
        cmp     al, CAP_VENDOR
        jne     .skip
        shr     eax, 24
        cmp     al, TYPE_WINDOW
        ja      .skip
        bts     cx, ax
        jc      .skip                   ; the first of a kind is the best
        call    .take
.skip:  inc     di                      ; the next one's place
        jmp     .next
.end:   not     cx
        test    cx, 1 << TYPE_COMMON | 1 << TYPE_NOTIFY | 1 << TYPE_DEVICE | 1 << TYPE_WINDOW
        jz      .done
        stc
.done:  ret

; A capability of type AL at DI.
.take:  push    di
        cmp     al, TYPE_WINDOW
        jne     .block
        mov     [si + drive.control], di
        pop     di
        ret
.block: push    ax
        add     di, CAP_BAR
        call    pci_read_byte
        mov     dl, al
        add     di, CAP_OFFSET - CAP_BAR
        call    pci_read
        mov     ebx, eax
        pop     ax
        cmp     al, TYPE_NOTIFY
        je      .notify
        cmp     al, TYPE_COMMON
        je      .common
        cmp     al, TYPE_DEVICE
        jne     .taken
        mov     [ebda_virtio_device], ebx
        mov     [ebda_virtio_device_bar], dl
        jmp     .taken
.common:
        mov     [ebda_virtio_common], ebx
        mov     [ebda_virtio_common_bar], dl
        jmp     .taken
.notify:
        mov     [si + drive.notify], ebx
        mov     [si + drive.multiple], dl
        mov     bx, [si + drive.port]
        add     di, CAP_MULTIPLIER - CAP_OFFSET
        call    pci_read
        mov     [ebda_virtio_multiplier], eax
.taken: mov     bx, [si + drive.port]
        pop     di
        ret

; Registers at EDI of the common configuration of the record at SI.
write_common_address:
        call    write_common_dword
        xor     eax, eax
        add     di, 4
write_common_dword:
        mov     cl, 4
        jmp     write_common
write_common_word:
        mov     cl, 2
        jmp     write_common
write_common_byte:
        mov     cl, 1
write_common:
        push    edi
        add     edi, [ebda_virtio_common]
        mov     ch, [ebda_virtio_common_bar]
        call    window_write
        pop     edi
        ret
read_common_byte:
        mov     cl, 1
        jmp     read_common
read_common_word:
        mov     cl, 2
read_common:
        push    edi
        add     edi, [ebda_virtio_common]
        mov     ch, [ebda_virtio_common_bar]
        call    window_read
        pop     edi
        ret
read_device_dword:
        push    edi
        add     edi, [ebda_virtio_device]
        mov     ch, [ebda_virtio_device_bar]
        mov     cl, 4
        call    window_read
        pop     edi
        ret

; CL bytes at EDI behind base address CH of the function of the record at SI: EAX.
window_read:
        push    bx
        push    edi
        call    window_point
        call    pci_read
        pop     edi
        pop     bx
        ret
window_write:
        push    bx
        push    edi
        call    window_point
        call    pci_write
        pop     edi
        pop     bx
        ret

; Says which; BX and DI are the window's data then.
window_point:
        push    eax
        push    edi
        mov     bx, [si + drive.port]
        mov     di, [si + drive.control]
        add     di, CAP_BAR
        mov     al, ch
        call    pci_write_byte
        add     di, CAP_OFFSET - CAP_BAR
        pop     eax
        call    pci_write
        add     di, CAP_LENGTH - CAP_OFFSET
        movzx   eax, cl
        call    pci_write
        add     di, CAP_DATA - CAP_LENGTH
        pop     eax
        ret

; Moves ebda_count sectors from ebda_lba on: AL is TRANSFER_. AH, CF: how it ended; ebda_done: how many were moved.
virtio_transfer:
        mov     word [ebda_done], 0
        cmp     word [ebda_count], 0
        je      .nothing
        cmp     al, TRANSFER_VERIFY     ; there is no such request
        je      .moved
        push    bp
        call    fill_request
        mov     cl, 2
        mov     ch, [si + drive.multiple]
        mov     edi, [si + drive.notify]
        xor     eax, eax                ; the first queue
        call    window_write
        mov     ecx, REQUEST_LOOKS
.look:  mov     ax, [ds:bp + ring.used + 2]
        cmp     ax, [ds:bp + ring.available + 2]
        je      .ended
        mov     eax, REQUEST_MICROSECONDS
        call    wait_microseconds
        dec     ecx
        jnz     .look
        pop     bp
        mov     ah, STATUS_TIMEOUT
        stc
        ret
.ended: pop     bp
        cmp     byte [ebda_request_status], 0
        mov     ah, STATUS_FAILED
        stc
        jne     .done
.moved: mov     ax, [ebda_count]
        mov     [ebda_done], ax
.nothing:
        xor     ah, ah
.done:  ret

; A request for the record at SI, AL TRANSFER_READ or TRANSFER_WRITE, to its ring, BP.
fill_request:
        mov     bp, [si + drive.ring]
        movzx   ecx, al
        mov     [ebda_request], ecx     ; 0 reads, 1 writes
        mov     dword [ebda_request + 4], 0
        mov     eax, [ebda_lba]
        mov     [ebda_request + 8], eax
        mov     eax, [ebda_lba + 4]
        mov     [ebda_request + 12], eax
        mov     byte [ebda_request_status], REQUEST_NO_STATUS
        mov     dword [ds:bp + ring.descriptors], EBDA_LINEAR + ebda_request
        mov     dword [ds:bp + ring.descriptors + 8], REQUEST_BYTES
        mov     dword [ds:bp + ring.descriptors + 12], DESCRIPTOR_NEXT | 1 << 16
        movzx   eax, word [ebda_buffer + 2]
        shl     eax, 4
        movzx   edx, word [ebda_buffer]
        add     eax, edx
        mov     [ds:bp + ring.descriptors + 16], eax
        movzx   eax, word [ebda_count]
        shl     eax, 9
        mov     [ds:bp + ring.descriptors + 16 + 8], eax
        mov     eax, DESCRIPTOR_NEXT | DESCRIPTOR_WRITE | 2 << 16
        test    cl, cl
        jz      .read
        and     al, ~DESCRIPTOR_WRITE
.read:  mov     [ds:bp + ring.descriptors + 16 + 12], eax
        mov     dword [ds:bp + ring.descriptors + 32], EBDA_LINEAR + ebda_request_status
        mov     dword [ds:bp + ring.descriptors + 32 + 8], 1
        mov     dword [ds:bp + ring.descriptors + 32 + 12], DESCRIPTOR_WRITE
        mov     di, [ds:bp + ring.available + 2]
        and     di, RING_ENTRIES - 1
        add     di, di
        mov     word [ds:bp + di + ring.available + 4], 0
        inc     word [ds:bp + ring.available + 2]
        ret
