/*
 * Gravity in doubles by SSE2's scalar insns. All results are exact to the bit whatever computes them (IEEE 754 doubles,
 * nothing fused).
 */
#include "guest.h"

#define enable_unit enable_sse
#include "nbody.h"
