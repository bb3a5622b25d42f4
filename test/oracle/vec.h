// Text protocol and memory layout of native.c. The same as machine-model.ts and line-protocol.ts say in TypeScript.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_BASE 0x00100000u
#define CODE_SIZE 0x2000u
#define CODE_FILL 0xcc // INT3: wherever a vector jumps to, it ends there
#define FX_BYTES 288   // the part of an FXSAVE image that vectors hold: header, ST0-7, XMM0-7

#define REG_COUNT 8 // eax ecx edx ebx esp ebp esi edi
#define MAX_CODE 4096
#define MAX_PLACED 64 // memory pieces of one vector
#define MAX_PLACED_BYTES 65536
#define LINE_BYTES (1 << 17)

typedef struct {
  uint32_t address;
  int length;
  uint8_t *bytes;
} Placed;

typedef struct {
  char id[64];
  uint32_t entry, reg[REG_COUNT], eflags;
  int code_length, placed_count;
  uint8_t code[MAX_CODE];
  uint8_t fx[512] __attribute__((aligned(16)));
  Placed placed[MAX_PLACED];
} Vector;

typedef struct {
  int exception;
  uint32_t error_code, cr2, eip, reg[REG_COUNT], eflags;
  uint8_t fx[512] __attribute__((aligned(16)));
} Outcome;

// A mapped stretch of memory. `start` is a copy from before the run, to find what changed.
typedef struct {
  uint32_t base, size;
  uint8_t fill;
  uint8_t *live, *start;
} Region;

#define REGION_COUNT 4
static Region regions[REGION_COUNT] = {
  { .base = CODE_BASE, .size = CODE_SIZE, .fill = CODE_FILL },
  { .base = 0x00200000, .size = 0x2000 }, // data
  { .base = 0x00210000, .size = 0x1000 }, // stack
  { .base = 0x00008000, .size = 0x1000 }, // low: 16-bit addresses
};

// FNINIT and MXCSR 1f80; the mask of writable MXCSR bits is there for FXRSTOR's sake.
static const uint8_t fx_reset[32] = { 0x7f, 0x03, [24] = 0x80, 0x1f, [28] = 0xff, 0xff };

static int nibble(int c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

static int read_hex_bytes(const char *text, uint8_t *out, int max) {
  int count = 0;
  while (text[0] && text[1] && count < max) {
    out[count++] = nibble(text[0]) << 4 | nibble(text[1]);
    text += 2;
  }
  return count;
}

// The next blank-separated field, ended by a zero written into the line; "" at the end of the line.
static char *next_field(char **line) {
  char *field = *line;
  while (*field == ' ') field++;
  char *end = field;
  while (*end && *end != ' ' && *end != '\n') end++;
  *line = *end ? end + 1 : end;
  *end = 0;
  return field;
}

static uint32_t next_hex(char **line) { return strtoul(next_field(line), 0, 16); }

// Returns 0 for a line that is no V line. The bytes of placed memory stay valid until the next call.
static int parse_vector(char *line, Vector *v) {
  static uint8_t pool[MAX_PLACED_BYTES];
  if (strcmp(next_field(&line), "V")) return 0;
  snprintf(v->id, sizeof v->id, "%s", next_field(&line));
  v->entry = next_hex(&line);
  v->code_length = read_hex_bytes(next_field(&line), v->code, sizeof v->code);
  for (int i = 0; i < REG_COUNT; i++) v->reg[i] = next_hex(&line);
  v->eflags = next_hex(&line);

  memset(v->fx, 0, sizeof v->fx);
  memcpy(v->fx, fx_reset, sizeof fx_reset);
  char *fx = next_field(&line);
  if (*fx != '-') read_hex_bytes(fx, v->fx, FX_BYTES);

  int used = 0;
  v->placed_count = next_hex(&line);
  if (v->placed_count > MAX_PLACED) v->placed_count = MAX_PLACED;
  for (int i = 0; i < v->placed_count; i++) {
    Placed *p = &v->placed[i];
    p->address = next_hex(&line);
    p->bytes = pool + used;
    p->length = read_hex_bytes(next_field(&line), p->bytes, sizeof pool - used);
    used += p->length;
  }
  return 1;
}

static uint8_t *at(uint32_t address, int length) {
  for (int k = 0; k < REGION_COUNT; k++) {
    Region *r = &regions[k];
    if (address >= r->base && address + length <= r->base + r->size) return r->live + (address - r->base);
  }
  return NULL;
}

// Fills the regions and puts code and memory of the vector in place; 0 if some of it lies outside.
static int place(const Vector *v) {
  for (int k = 0; k < REGION_COUNT; k++) memset(regions[k].live, regions[k].fill, regions[k].size);
  uint8_t *to = at(v->entry, v->code_length);
  if (!to) return 0;
  memcpy(to, v->code, v->code_length);
  for (int i = 0; i < v->placed_count; i++) {
    to = at(v->placed[i].address, v->placed[i].length);
    if (!to) return 0;
    memcpy(to, v->placed[i].bytes, v->placed[i].length);
  }
  for (int k = 0; k < REGION_COUNT; k++) memcpy(regions[k].start, regions[k].live, regions[k].size);
  return 1;
}

static char *put_hex(char *out, const uint8_t *bytes, int count) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < count; i++) {
    *out++ = digits[bytes[i] >> 4];
    *out++ = digits[bytes[i] & 15];
  }
  return out;
}

// Writes " address bytes" for every run of changed bytes and returns their number.
static int print_changes(char *out) {
  int count = 0;
  for (int k = 0; k < REGION_COUNT; k++) {
    const Region *r = &regions[k];
    for (uint32_t i = 0; i < r->size; i++) {
      uint32_t from = i;
      while (i < r->size && r->live[i] != r->start[i]) i++;
      if (i == from) continue;
      out += sprintf(out, " %x ", r->base + from);
      out = put_hex(out, r->live + from, i - from);
      count++;
    }
  }
  *out = 0;
  return count;
}

static void print_outcome(const Vector *v, const Outcome *o) {
  static char changes[LINE_BYTES], fx[2 * FX_BYTES + 1];
  int change_count = print_changes(changes);
  *put_hex(fx, o->fx, FX_BYTES) = 0;
  printf("R %s %d %x %x %x", v->id, o->exception, o->error_code, o->cr2, o->eip);
  for (int i = 0; i < REG_COUNT; i++) printf(" %x", o->reg[i]);
  printf(" %x %s %x%s\n", o->eflags, fx, change_count, changes);
}
