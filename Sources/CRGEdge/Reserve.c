#include "reserve.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

// Blocks lie one after the other: a header, and what was asked for. Sizes are multiples of `unit`, headers included.
typedef struct Block {
    size_t size;
    size_t is_used;
} Block;

enum { unit = 16, reserve_size = 8 << 20, call_share = 256 << 10 };
_Static_assert(sizeof(Block) == unit, "what follows a header is aligned for anything");

struct crg_room {
    crg_room *next;
    Block *first;
    char *end;
    // Where to look first: behind what was taken last.
    Block *cursor;
    // Bytes taken. Changed with the lock held, but each call reads the reserve's.
    atomic_size_t used;
    bool is_closed;
    // Bytes of the mapping that begins here; 0 for the reserve.
    size_t mapped;
};

// Without contents in the file, and without pages until something is taken from it.
static _Alignas(4096) char reserve_bytes[reserve_size];
static crg_room reserve;
// Rooms, newest first, including those that are closed but not empty; and their number, to be read without the lock.
static crg_room *rooms;
static atomic_size_t room_count;
static atomic_size_t calls_under_way;
// For all of the above.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static Block *after(Block *block) { return (Block *)((char *)block + block->size); }

static void prepare(crg_room *room, char *start, char *end) {
    room->first = room->cursor = (Block *)start;
    room->end = end;
    room->first->size = (size_t)(end - start);
    room->first->is_used = 0;
}

// fork(2) must not copy the lock while another thread holds it.
static void acquire(void) { pthread_mutex_lock(&lock); }
static void release(void) { pthread_mutex_unlock(&lock); }

__attribute__((constructor)) static void keep_lock_over_fork(void) { pthread_atfork(acquire, release, release); }

// Takes `size` bytes at a multiple of `alignment` from a free block; NULL if they don't fit.
static void *carve(crg_room *room, Block *block, size_t size, size_t alignment) {
    const uintptr_t start = (uintptr_t)(block + 1);
    const size_t skipped = (alignment - start % alignment) % alignment;
    if (skipped > block->size || size > block->size - skipped) return NULL;
    if (skipped > 0) {
        // A multiple of `unit`, as `start` is: room for a header at least.
        Block *rest = (Block *)((char *)block + skipped);
        rest->size = block->size - skipped;
        block->size = skipped;
        block = rest;
    }
    if (block->size > size) {
        Block *rest = (Block *)((char *)block + size);
        rest->size = block->size - size;
        rest->is_used = 0;
        block->size = size;
    }
    block->is_used = 1;
    room->used += block->size;
    room->cursor = block;
    return block + 1;
}

// Looks at every block once, from the cursor on; free neighbours become one.
static void *take(crg_room *room, size_t size, size_t alignment) {
    Block *block = room->cursor;
    for (size_t seen = 0; seen < (size_t)(room->end - (char *)room->first);) {
        if (!block->is_used) {
            while ((char *)after(block) < room->end && !after(block)->is_used) block->size += after(block)->size;
            void *taken = carve(room, block, size, alignment);
            if (taken) return taken;
        }
        seen += block->size;
        block = (char *)after(block) < room->end ? after(block) : room->first;
    }
    // The block at the cursor may have become part of the one before it.
    room->cursor = room->first;
    return NULL;
}

void *crg_take(size_t wanted, size_t alignment) {
    if (alignment < unit) alignment = unit;
    if (wanted > SIZE_MAX / 2) return NULL;
    const size_t size = (wanted + sizeof(Block) + unit - 1) / unit * unit;
    void *taken = NULL;
    acquire();
    for (crg_room *room = rooms; room && !taken; room = room->next) {
        if (!room->is_closed) taken = take(room, size, alignment);
    }
    if (!taken) {
        if (!reserve.first) prepare(&reserve, reserve_bytes, reserve_bytes + reserve_size);
        taken = take(&reserve, size, alignment);
    }
    release();
    return taken;
}

static bool holds(const crg_room *room, const void *memory) {
    return room->first && (const char *)memory > (const char *)room->first && (const char *)memory < room->end;
}

// The room that something was taken from, with the lock held; NULL if `memory` is the system's.
static crg_room *find(const void *memory) {
    if (holds(&reserve, memory)) return &reserve;
    crg_room *room = rooms;
    while (room && !holds(room, memory)) room = room->next;
    return room;
}

// True if `memory` may be from here; false is certain.
static bool may_hold(const void *memory) {
    return ((uintptr_t)memory - (uintptr_t)reserve_bytes) < reserve_size
        || atomic_load_explicit(&room_count, memory_order_acquire) > 0;
}

static void unmap(crg_room *room) {
    crg_room **link = &rooms;
    while (*link != room) link = &(*link)->next;
    *link = room->next;
    atomic_fetch_sub_explicit(&room_count, 1, memory_order_release);
    munmap(room, room->mapped);
}

// Unmaps what lies behind the last thing that was taken from a closed room.
static void trim(crg_room *room) {
    Block *last_free = NULL;
    for (Block *block = room->first; (char *)block < room->end; block = after(block)) {
        if (block->is_used) {
            last_free = NULL;
        } else if (!last_free) {
            last_free = block;
        }
    }
    if (!last_free) return;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t kept = ((size_t)((char *)(last_free + 1) - (char *)room) + page - 1) / page * page;
    if (kept >= room->mapped) return;
    munmap((char *)room + kept, room->mapped - kept);
    room->mapped = kept;
    room->end = (char *)room + kept;
    last_free->size = (size_t)(room->end - (char *)last_free);
    room->cursor = room->first;
}

bool crg_give_back(void *memory) {
    if (!may_hold(memory)) return false;
    acquire();
    crg_room *room = find(memory);
    if (room) {
        Block *block = (Block *)memory - 1;
        block->is_used = 0;
        room->used -= block->size;
        if (room->used == 0 && room->is_closed) {
            unmap(room);
        } else if (room->used == 0) {
            prepare(room, (char *)room->first, room->end);
        }
    }
    release();
    return room != NULL;
}

bool crg_size(const void *memory, size_t *size) {
    if (!memory || !may_hold(memory)) return false;
    acquire();
    const bool is_here = find(memory) != NULL;
    release();
    if (is_here) *size = ((const Block *)memory - 1)->size - sizeof(Block);
    return is_here;
}

crg_room *crg_open_room(size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    // Blocks are larger than what they hold, and begin at multiples of `unit`.
    const size_t mapped = sizeof(crg_room) + size / unit * unit + 2 * unit;
    crg_room *room = (crg_room *)mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return NULL;
    const size_t head = (sizeof(crg_room) + unit - 1) / unit * unit;
    prepare(room, (char *)room + head, (char *)room + mapped / unit * unit);
    room->mapped = mapped;
    acquire();
    room->next = rooms;
    rooms = room;
    atomic_fetch_add_explicit(&room_count, 1, memory_order_release);
    release();
    return room;
}

void crg_close_room(crg_room *room) {
    if (!room) return;
    acquire();
    room->is_closed = true;
    if (room->used == 0) {
        unmap(room);
    } else {
        trim(room);
    }
    release();
}

bool crg_begin_call(crg_room **room) {
    const size_t calls = atomic_fetch_add(&calls_under_way, 1) + 1;
    const size_t used = reserve.used;
    *room = NULL;
    // While nothing is taken, the system has memory, as a rule.
    if (used == 0 || (reserve_size - used) / call_share >= calls) return true;
    *room = crg_open_room(call_share);
    if (!*room) atomic_fetch_sub(&calls_under_way, 1);
    return *room != NULL;
}

void crg_end_call(crg_room *room) {
    crg_close_room(room);
    atomic_fetch_sub(&calls_under_way, 1);
}
