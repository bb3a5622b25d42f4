/*
 * Five bodies under each other's gravity, step by step, in doubles: loads, add, sub, mul, div and sqrt, nearly all of the
 * time in one loop. A little softening keeps close encounters finite. What is printed are the bits of the results.
 * A guest that includes this says first how its floating-point unit is turned on: `enable_unit()`.
 */
#include "guest.h"

#define BODIES 5
#define STEPS 250000
#define TIME_STEP (1.0 / 1024)
#define SOFTENING (1.0 / 4096)

struct body {
    double x, y, z;
    double vx, vy, vz;
    double mass;
};

static struct body bodies[BODIES];

/* Somewhere from -1 to 1. */
static double next_double(uint32_t *random)
{
    return (double)((int32_t)next_random(random) >> 8) / 8388608.0;
}

static void place(void)
{
    uint32_t random = 2463534242u;
    for (int i = 0; i < BODIES; i++) {
        struct body *b = &bodies[i];
        b->x = next_double(&random);
        b->y = next_double(&random);
        b->z = next_double(&random);
        b->vx = next_double(&random) / 2;
        b->vy = next_double(&random) / 2;
        b->vz = next_double(&random) / 2;
        b->mass = i == 0 ? 1.0 : 1.0 / (8 << i);
    }
}

/* Each pair pulls on both; then all move. */
static void advance(void)
{
    for (int i = 0; i < BODIES; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            struct body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz + SOFTENING;
            double pull = TIME_STEP / (square * __builtin_sqrt(square));
            a->vx -= dx * b->mass * pull;
            a->vy -= dy * b->mass * pull;
            a->vz -= dz * b->mass * pull;
            b->vx += dx * a->mass * pull;
            b->vy += dy * a->mass * pull;
            b->vz += dz * a->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        struct body *b = &bodies[i];
        b->x += TIME_STEP * b->vx;
        b->y += TIME_STEP * b->vy;
        b->z += TIME_STEP * b->vz;
    }
}

static double energy(void)
{
    double sum = 0;
    for (int i = 0; i < BODIES; i++) {
        const struct body *a = &bodies[i];
        sum += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
        for (int j = i + 1; j < BODIES; j++) {
            const struct body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            sum -= a->mass * b->mass / __builtin_sqrt(dx * dx + dy * dy + dz * dz + SOFTENING);
        }
    }
    return sum;
}

static void put_line_bits(const char *label, double value)
{
    union {
        double value;
        uint32_t words[2];
    } bits = { value };
    put_str(label);
    put_str(": ");
    put_hex32(bits.words[1]);
    put_hex32(bits.words[0]);
    put_char('\n');
}

int main(void)
{
    enable_unit();
    place();
    put_line_bits("energy at the start", energy());
    for (int step = 0; step < STEPS; step++)
        advance();
    put_line_bits("energy at the end", energy());
    put_line_bits("x of the first body", bodies[0].x);
    put_line_bits("x of the last body", bodies[BODIES - 1].x);
    return 0;
}
