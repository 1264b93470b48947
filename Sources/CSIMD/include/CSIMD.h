// What Swift's SIMD types can't say: one instruction per function, and which instructions the processor has.
//
// A function exists only where the module that imports it is compiled for its instruction set, so it becomes that instruction and
// never a call. Bytes travel as 32-bit lanes, four of a row in each: the unit that dot products sum.
#pragma once

#include "CSIMDTypes.h"
#include "CSIMDCommon.h"
#include "CSIMDHalves.h"
#include "CSIMDProbe.h"
#include "CSIMDProcessorARM.h"
#include "CSIMDProcessorX86.h"
#include "CSIMDSelect.h"
#include "CSIMDVectorsARM.h"
#include "CSIMDVectorsX86.h"
