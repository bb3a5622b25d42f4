// Runs instruction vectors on the processor it is started on, in its own process (or on a user-mode emulator).
//
//   native [-j] < V lines > R lines
//
// A trampoline loads FPU state, EFLAGS and all eight registers and jumps to the code of the vector. The code region is
// filled with INT3, so a vector ends in a signal: SIGTRAP normally, another one for a fault. The handler copies the CPU
// state out of the signal frame and lets the host go on behind the trampoline.
//
// -j: a vector ends at a JMP to an exit stub instead of an INT3. Needed below user-mode emulators, whose signal frames
// have the FPU state wrong; faults still come as signals.
#define _GNU_SOURCE
#include "vec.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define DID_NOT_END 255
#define SECONDS_PER_VECTOR 5
#define JMP_REL32 0xe9
#define JMP_BYTES 5
#define FX_IN_FRAME 112 // of the FXSAVE image behind the FSAVE one, in a 32-bit signal frame

// What the trampoline loads; not static, because the assembly below names them.
uint32_t load_reg[REG_COUNT], load_eflags, load_eip, host_esp;
uint8_t load_fx[512] __attribute__((aligned(64)));
// What the exit stub stores.
uint32_t stub_reg[REG_COUNT], stub_eflags, stub_used;
uint32_t mxcsr_reset = 0x1f80;

static Outcome outcome;
static volatile int timed_out, seconds;

void enter(void);
extern char exit_stub[], back_in_host[];
__asm__(
  ".text\n"
  ".globl enter\n"
  "enter:\n"
  "  pushl %ebp\n  pushl %ebx\n  pushl %esi\n  pushl %edi\n"
  "  movl %esp, host_esp\n"
  "  fxrstor load_fx\n"
  "  pushl load_eflags\n  popfl\n"
  "  movl load_reg+0, %eax\n  movl load_reg+4, %ecx\n  movl load_reg+8, %edx\n  movl load_reg+12, %ebx\n"
  "  movl load_reg+20, %ebp\n  movl load_reg+24, %esi\n  movl load_reg+28, %edi\n"
  "  movl load_reg+16, %esp\n"
  "  jmp *load_eip\n"
  ".globl back_in_host\n"
  "back_in_host:\n"
  "  popl %edi\n  popl %esi\n  popl %ebx\n  popl %ebp\n"
  "  ret\n"
  ".globl exit_stub\n"
  "exit_stub:\n"
  "  movl %esp, stub_reg+16\n  movl host_esp, %esp\n"
  "  pushfl\n  popl stub_eflags\n"
  "  movl %eax, stub_reg+0\n  movl %ecx, stub_reg+4\n  movl %edx, stub_reg+8\n  movl %ebx, stub_reg+12\n"
  "  movl %ebp, stub_reg+20\n  movl %esi, stub_reg+24\n  movl %edi, stub_reg+28\n"
  "  fxsave load_fx\n"
  "  cld\n  fninit\n  ldmxcsr mxcsr_reset\n"
  "  movl $1, stub_used\n"
  "  jmp back_in_host\n");

// For emulators that leave the trap number of the frame unset.
static int exception_of_signal(int sig, const siginfo_t *info) {
  switch (sig) {
  case SIGTRAP: return 3;
  case SIGFPE: return 0;
  case SIGILL: return 6;
  default: return info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR ? 14 : 13;
  }
}

static int has_error_code(int exception) {
  return exception == 8 || (exception >= 10 && exception <= 14) || exception == 17;
}

static void read_frame(int sig, const siginfo_t *info, const ucontext_t *frame) {
  static const uint8_t frame_slot[REG_COUNT] = { REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI };
  const greg_t *g = frame->uc_mcontext.gregs;
  for (int i = 0; i < REG_COUNT; i++) outcome.reg[i] = g[frame_slot[i]];
  outcome.exception = timed_out ? DID_NOT_END : g[REG_TRAPNO];
  if (!timed_out && (unsigned)outcome.exception > 31) outcome.exception = exception_of_signal(sig, info);
  outcome.error_code = has_error_code(outcome.exception) ? g[REG_ERR] : 0;
  outcome.cr2 = outcome.exception == 14 ? frame->uc_mcontext.cr2 : 0;
  outcome.eip = outcome.exception == 3 ? g[REG_EIP] - 1 : g[REG_EIP];
  outcome.eflags = g[REG_EFL];
  memcpy(outcome.fx, (uint8_t *)frame->uc_mcontext.fpregs + FX_IN_FRAME, sizeof outcome.fx);
}

// Makes the signal return into the host with a clean FPU and clean flags.
static void resume_host(ucontext_t *frame) {
  greg_t *g = frame->uc_mcontext.gregs;
  g[REG_EFL] = 0x202;
  g[REG_ESP] = host_esp;
  g[REG_EIP] = (uint32_t)back_in_host;
  uint8_t *fx = (uint8_t *)frame->uc_mcontext.fpregs + FX_IN_FRAME;
  memset(fx, 0, FX_BYTES);
  memcpy(fx, fx_reset, sizeof fx_reset);
  uint8_t *fsave = (uint8_t *)frame->uc_mcontext.fpregs; // the kernel takes control, status and tags from here
  memset(fsave, 0, 108);
  memcpy(fsave, (uint8_t[]){ 0x7f, 0x03 }, 2);
  memset(fsave + 8, 0xff, 2);
}

static void on_signal(int sig, siginfo_t *info, void *context) {
  ucontext_t *frame = context;
  if (sig == SIGALRM) {
    uint32_t eip = frame->uc_mcontext.gregs[REG_EIP];
    int in_vector = at(eip, 1) != NULL;
    if (++seconds < SECONDS_PER_VECTOR || !in_vector) return;
    timed_out = 1;
  }
  read_frame(sig, info, frame);
  resume_host(frame);
}

// A fault that needs a working stack to be reported gets one: vectors use their own.
static void install_handlers(void) {
  static uint8_t signal_stack[65536];
  stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof signal_stack };
  sigaltstack(&stack, 0);
  struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  const int signals[] = { SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGALRM };
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
  struct itimerval every_second = { { 1, 0 }, { 1, 0 } };
  setitimer(ITIMER_REAL, &every_second, 0);
}

static void map_regions(void) {
  for (int k = 0; k < REGION_COUNT; k++) {
    Region *r = &regions[k];
    void *mapped = mmap((void *)r->base, r->size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mapped == MAP_FAILED) {
      perror("native: mmap");
      exit(1);
    }
    r->live = mapped;
    r->start = malloc(r->size);
  }
}

static void run(const Vector *v, int end_by_jump) {
  memcpy(load_reg, v->reg, sizeof load_reg);
  memcpy(load_fx, v->fx, sizeof load_fx);
  load_eflags = v->eflags;
  load_eip = v->entry;
  timed_out = seconds = stub_used = 0;

  uint32_t end = v->entry + v->code_length;
  uint8_t *jump = end_by_jump ? at(end, JMP_BYTES) : NULL;
  uint8_t covered[JMP_BYTES];
  if (jump) {
    memcpy(covered, jump, JMP_BYTES);
    int32_t distance = (uint32_t)exit_stub - (end + JMP_BYTES);
    *jump = JMP_REL32;
    memcpy(jump + 1, &distance, sizeof distance);
  }
  enter();
  if (jump) memcpy(jump, covered, JMP_BYTES);
  if (stub_used) {
    outcome = (Outcome){ .exception = 3, .eip = end, .eflags = stub_eflags };
    memcpy(outcome.reg, stub_reg, sizeof stub_reg);
    memcpy(outcome.fx, load_fx, sizeof outcome.fx);
  }
}

int main(int argc, char **argv) {
  int end_by_jump = argc == 2 && !strcmp(argv[1], "-j");
  if (argc > 1 && !end_by_jump) {
    fprintf(stderr, "usage: native [-j] < V lines > R lines\n");
    return 2;
  }
  map_regions();
  install_handlers();
  static char line[LINE_BYTES], out[1 << 16];
  static Vector v;
  setvbuf(stdout, out, _IOFBF, sizeof out);
  while (fgets(line, sizeof line, stdin)) {
    if (!parse_vector(line, &v)) continue;
    if (!place(&v)) {
      printf("E %s bad address\n", v.id);
      continue;
    }
    run(&v, end_by_jump);
    print_outcome(&v, &outcome);
  }
  return 0;
}
