/*
 * Calls through pointers, as a C++ compiler makes them of virtual functions: a list of objects of eight kinds in random
 * order, each with a table of its methods, and a state machine whose states are functions that return the next.
 */
#include "guest.h"

#define SHAPES 4096
#define ROUNDS 200
#define STEPS 1500000

struct shape;

struct methods {
    uint32_t (*area)(const struct shape *s);
    void (*grow)(struct shape *s, uint32_t by);
    uint32_t (*weight)(const struct shape *s);
};

struct shape {
    const struct methods *methods;
    uint32_t width, height, density;
};

static uint32_t square_area(const struct shape *s) { return s->width * s->width; }
static uint32_t rectangle_area(const struct shape *s) { return s->width * s->height; }
static uint32_t triangle_area(const struct shape *s) { return s->width * s->height / 2; }
static uint32_t disc_area(const struct shape *s) { return s->width * s->width * 355 / 113; }
static uint32_t frame_area(const struct shape *s) { return 2 * (s->width + s->height) - 4; }
static uint32_t nothing_area(const struct shape *s) { (void)s; return 0; }

static void grow_both(struct shape *s, uint32_t by)
{
    s->width = (s->width + by) & 0xff;
    s->height = (s->height + by) & 0xff;
}

static void grow_width(struct shape *s, uint32_t by)
{
    s->width = (s->width + 2 * by) & 0xff;
}

static void grow_none(struct shape *s, uint32_t by)
{
    s->density += by & 1;
}

/* A method that calls another. */
static uint32_t solid_weight(const struct shape *s) { return s->methods->area(s) * s->density; }
static uint32_t hollow_weight(const struct shape *s) { return s->methods->area(s) * s->density / 3 + 1; }
static uint32_t fixed_weight(const struct shape *s) { return s->density; }

static const struct methods kinds[8] = {
    { square_area, grow_width, solid_weight },
    { rectangle_area, grow_both, solid_weight },
    { triangle_area, grow_both, solid_weight },
    { disc_area, grow_width, solid_weight },
    { frame_area, grow_both, hollow_weight },
    { square_area, grow_none, hollow_weight },
    { rectangle_area, grow_width, fixed_weight },
    { nothing_area, grow_none, fixed_weight },
};

static struct shape shapes[SHAPES];

static void make_shapes(void)
{
    uint32_t random = 362436069;
    for (int i = 0; i < SHAPES; i++) {
        uint32_t n = next_random(&random);
        shapes[i].methods = &kinds[n >> 29];
        shapes[i].width = n & 0xff;
        shapes[i].height = n >> 8 & 0xff;
        shapes[i].density = n >> 16 & 0xf;
    }
}

static uint32_t weigh(void)
{
    uint32_t sum = 0;
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (int i = 0; i < SHAPES; i++) {
            struct shape *s = &shapes[i];
            s->methods->grow(s, round);
            sum = sum * 3 + s->methods->weight(s);
        }
    return sum;
}

/* The machine accepts words over two letters; what it counts does not matter. */
struct machine {
    uint32_t random;
    uint32_t accepted, rejected, letters;
};
struct state {
    struct state (*enter)(struct machine *m);
};

static struct state between(struct machine *m);
static struct state after_a(struct machine *m);
static struct state after_b(struct machine *m);
static struct state after_ab(struct machine *m);

static uint32_t letter(struct machine *m)
{
    m->letters++;
    return next_random(&m->random) >> 30;
}

static struct state between(struct machine *m)
{
    return (struct state) { letter(m) < 2 ? after_a : after_b };
}

static struct state after_a(struct machine *m)
{
    switch (letter(m)) {
    case 0:
        return (struct state) { after_a };
    case 1:
        return (struct state) { after_ab };
    default:
        m->rejected++;
        return (struct state) { between };
    }
}

static struct state after_b(struct machine *m)
{
    return (struct state) { letter(m) == 3 ? between : after_a };
}

static struct state after_ab(struct machine *m)
{
    if (letter(m) != 0)
        return (struct state) { after_b };
    m->accepted++;
    return (struct state) { between };
}

int main(void)
{
    make_shapes();
    put_line_hex32("weight", weigh());

    struct machine m = { 521288629, 0, 0, 0 };
    struct state state = { between };
    for (int step = 0; step < STEPS; step++)
        state = state.enter(&m);
    put_str("accepted ");
    put_u32(m.accepted);
    put_line_u32(", rejected", m.rejected);
    return 0;
}
