// A link between two network namespaces: delay, a rate with a drop-tail queue before it, loss. IPv4 over TUN.
//
//     link NS_UP NS_DOWN DELAY_US RATE_UP RATE_DOWN QUEUE_UP QUEUE_DOWN LOSS_UP LOSS_DOWN SEED [TRACE]
//
// NS_UP and NS_DOWN are descriptors of the namespaces: of the client, which gets the address 10.77.0.1, and of the server,
// 10.77.0.2. Rates are in bits a second (0: none), queues in bytes, losses in parts of a million; what is named "up" goes from
// the client to the server. DELAY_US is on the way of each packet, in either direction. With a TRACE, a file of mahimahi's
// or a CSV file with the columns time,rate (in bit/s or kbit/s), both directions have its rate of the moment instead, round by
// round. It prints "up" when the link is, which is when a trace begins, and at its end, on the standard error, what became of the
// packets and how late they were.
//
// A packet's way: lost at random, or dropped where the queue is full; it leaves when the link has passed what is before it
// and itself; it arrives DELAY_US later. So order is kept, and what a rate counts is the IP packet.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MTU 1500
#define SECOND 1000000000ull
// How many packets are on their way at once, in a direction; beyond it they wait in the device.
#define PACKETS 65536
// How many packets are taken from a device before the other direction has its turn.
#define TURN 64
// The last of a wait is spun through: a sleep ends late by about as much.
#define SPIN 60000ull
// The longest sleep.
#define NAP (SECOND / 5)

struct packet {
    uint64_t due;
    uint32_t length;
    unsigned char bytes[MTU];
};

// What a trace passes from one moment on: a rate, and what the steps before it pass.
struct step {
    double begin, bytes_a_second, before;
};

// A rate that moves, in steps; none where there is no trace.
struct trace {
    struct step *steps;
    size_t count;
    // Of a round: seconds, and bytes.
    double length, total;
    uint64_t began;
};

struct direction {
    const char *name;
    int from, to;
    double bits_a_second;
    double queue_bytes;
    // Of 2^32.
    uint32_t loss;
    // Until when the link is taken by what came before.
    uint64_t free_at;
    // A ring: the packets on their way, in the order of their due times.
    struct packet *ring;
    uint32_t head, tail;
    uint64_t came, lost, dropped, passed, late_sum, late_most;
};

static struct trace trace;
static volatile sig_atomic_t stopped;

static void stop(int signal) {
    (void)signal;
    stopped = 1;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

// xorshift64: the upper half of its state.
static uint32_t draw(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

static void add_step(double begin, double bytes_a_second) {
    if (!(trace.count & (trace.count - 1))) {
        size_t room = trace.count ? 2 * trace.count : 1;
        if (!(trace.steps = realloc(trace.steps, room * sizeof *trace.steps))) fail("cannot keep the trace");
    }
    double before = 0;
    if (trace.count) {
        struct step *last = &trace.steps[trace.count - 1];
        before = last->before + (begin - last->begin) * last->bytes_a_second;
    }
    trace.steps[trace.count++] = (struct step){begin, bytes_a_second, before};
}

// Reads a trace. One of mahimahi's, a line for each packet of 1,500 bytes, is even within each tenth of a second.
static void read_trace(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) fail("cannot open the trace");
    char line[256], unit[16];
    double time, rate, bin = 0, packets = 0, last = 0;
    int is_csv = 0;
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#' || line[0] == '\n') continue;
        if (!strncmp(line, "time,rate", 9)) {
            is_csv = 1;
        } else if (is_csv && sscanf(line, "%lf,%lf%15[a-z/]", &time, &rate, unit) >= 2) {
            int is_plain = !strchr(line, 'b');
            if (!is_plain && strcmp(unit, "kbit/s") && strcmp(unit, "bit/s")) break;
            add_step(time, rate * (!is_plain && *unit == 'k' ? 1000 : 1) / 8);
        } else if (!is_csv && sscanf(line, "%lf", &last) == 1) {
            for (; last > bin + 100; bin += 100, packets = 0) add_step(bin / 1e3, packets * 15e3);
            packets++;
        } else {
            break;
        }
    }
    if (!feof(file)) {
        fprintf(stderr, "this is no line of a trace: %s", line);
        exit(1);
    }
    fclose(file);
    if (!is_csv && last > bin) {
        add_step(bin / 1e3, packets * 1500 * 1e3 / (last - bin));
        trace.length = last / 1e3;
    } else if (trace.count > 1) {
        // The last line holds for as long as the one before it.
        trace.length = 2 * trace.steps[trace.count - 1].begin - trace.steps[trace.count - 2].begin;
    }
    struct step *end = &trace.steps[trace.count - 1];
    if (trace.count) trace.total = end->before + (trace.length - end->begin) * end->bytes_a_second;
    if (!(trace.total > 0)) {
        fprintf(stderr, "nothing passes along the trace %s\n", path);
        exit(1);
    }
}

// The last step that begins at `at`, or whose bytes before it are `at`, or less.
static struct step *step_at(double at, size_t member) {
    size_t low = 0, high = trace.count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        double value = *(double *)((char *)&trace.steps[middle] + member);
        if (value <= at) low = middle;
        else high = middle;
    }
    return &trace.steps[low];
}

// How many bytes the trace passes until then.
static double passed(uint64_t at) {
    double time = (double)(at - trace.began) / 1e9, rounds = (double)(uint64_t)(time / trace.length);
    struct step *step = step_at(time - rounds * trace.length, offsetof(struct step, begin));
    return rounds * trace.total + step->before + (time - rounds * trace.length - step->begin) * step->bytes_a_second;
}

// When it has passed so many.
static uint64_t passes(double bytes) {
    double rounds = (double)(uint64_t)(bytes / trace.total), rest = bytes - rounds * trace.total;
    struct step *step = step_at(rest, offsetof(struct step, before));
    double time = step->bytes_a_second > 0 ? (rest - step->before) / step->bytes_a_second : 0;
    return trace.began + (uint64_t)((rounds * trace.length + step->begin + time) * 1e9);
}

static void set_address(int socket, struct ifreq *request, unsigned long what, const char *address) {
    struct sockaddr_in *at = (struct sockaddr_in *)&request->ifr_addr;
    memset(at, 0, sizeof *at);
    at->sin_family = AF_INET;
    inet_pton(AF_INET, address, &at->sin_addr);
    if (ioctl(socket, what, request)) fail("cannot set the address");
}

// Makes the device in a namespace, gives it its address, and sets it up.
static int device(int namespace, const char *address) {
    if (setns(namespace, CLONE_NEWNET)) fail("cannot enter the namespace");
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (tun < 0) fail("cannot open /dev/net/tun");
    struct ifreq request = {.ifr_name = "link"};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(tun, TUNSETIFF, &request)) fail("cannot make a TUN device");

    int control = socket(AF_INET, SOCK_DGRAM, 0);
    if (control < 0) fail("cannot make a socket");
    set_address(control, &request, SIOCSIFADDR, address);
    set_address(control, &request, SIOCSIFNETMASK, "255.255.255.0");
    request.ifr_mtu = MTU;
    if (ioctl(control, SIOCSIFMTU, &request)) fail("cannot set the MTU");
    // The device's own queue must never be the one that is full.
    request.ifr_qlen = 20000;
    if (ioctl(control, SIOCSIFTXQLEN, &request)) fail("cannot set the device's queue");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request)) fail("cannot set the device up");
    close(control);

    // A connection must not begin with what an earlier one learned of the link.
    int setting = open("/proc/sys/net/ipv4/tcp_no_metrics_save", O_WRONLY);
    if (setting < 0 || write(setting, "1", 1) != 1) fail("cannot set tcp_no_metrics_save");
    close(setting);
    return tun;
}

// Decides when a packet that has just come arrives; false where it never does.
static int sends(struct direction *d, struct packet *packet, uint64_t delay, uint64_t *random) {
    d->came++;
    if (d->loss && draw(random) < d->loss) {
        d->lost++;
        return 0;
    }
    uint64_t leaves = now();
    if (trace.count) {
        double came = passed(leaves), free = d->free_at > leaves ? passed(d->free_at) : came;
        if (free - came + packet->length > d->queue_bytes) {
            d->dropped++;
            return 0;
        }
        leaves = d->free_at = passes(free + packet->length);
    } else if (d->bits_a_second > 0) {
        uint64_t waits = d->free_at > leaves ? d->free_at - leaves : 0;
        double backlog = (double)waits * d->bits_a_second / 8e9;
        if (backlog + packet->length > d->queue_bytes) {
            d->dropped++;
            return 0;
        }
        leaves += waits + (uint64_t)(packet->length * 8e9 / d->bits_a_second);
        d->free_at = leaves;
    }
    packet->due = leaves + delay;
    return 1;
}

// Takes what has come to a direction's device; true where there was something.
static int takes(struct direction *d, uint64_t delay, uint64_t *random) {
    int any = 0;
    for (int turn = 0; turn < TURN && (d->tail + 1) % PACKETS != d->head; turn++) {
        struct packet *packet = &d->ring[d->tail];
        ssize_t length = read(d->from, packet->bytes, sizeof packet->bytes);
        if (length <= 0) break;
        any = 1;
        if (packet->bytes[0] >> 4 != 4) continue;
        packet->length = (uint32_t)length;
        if (sends(d, packet, delay, random)) d->tail = (d->tail + 1) % PACKETS;
    }
    return any;
}

// Hands over what is due; true where something was.
static int delivers(struct direction *d) {
    int any = 0;
    uint64_t at = now();
    while (d->head != d->tail && d->ring[d->head].due <= at) {
        struct packet *packet = &d->ring[d->head];
        uint64_t late = at - packet->due;
        d->late_sum += late;
        if (late > d->late_most) d->late_most = late;
        if (write(d->to, packet->bytes, packet->length) < 0 && errno != EAGAIN) fail("cannot deliver a packet");
        d->passed++;
        d->head = (d->head + 1) % PACKETS;
        any = 1;
    }
    // An empty ring begins anew, so that a quiet link touches little memory.
    if (d->head == d->tail) d->head = d->tail = 0;
    return any;
}

// Sleeps until a packet comes, or shortly before the first one is due.
static void rest(struct direction *both) {
    uint64_t first = ~0ull, at = now();
    for (int i = 0; i < 2; i++) {
        struct direction *d = &both[i];
        if (d->head != d->tail && d->ring[d->head].due < first) first = d->ring[d->head].due;
    }
    if (first < at + SPIN) return;
    uint64_t wait = first - at - SPIN;
    if (wait > NAP) wait = NAP;
    struct timespec time = {(time_t)(wait / SECOND), (long)(wait % SECOND)};
    struct pollfd devices[2] = {{both[0].from, POLLIN, 0}, {both[1].from, POLLIN, 0}};
    ppoll(devices, 2, &time, NULL);
}

int main(int count, char **args) {
    if (count != 11 && count != 12) {
        fprintf(stderr, "see the head of link.c for the arguments\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, stop);
    signal(SIGINT, SIG_IGN);
    uint64_t delay = strtoull(args[3], NULL, 10) * 1000;
    uint64_t random = strtoull(args[10], NULL, 10) * 0x9E3779B97F4A7C15ull + 88172645463325252ull;
    int client = device(atoi(args[1]), "10.77.0.1"), server = device(atoi(args[2]), "10.77.0.2");

    struct direction both[2] = {{.name = "up", .from = client, .to = server}, {.name = "down", .from = server, .to = client}};
    for (int i = 0; i < 2; i++) {
        struct direction *d = &both[i];
        d->bits_a_second = atof(args[4 + i]);
        d->queue_bytes = atof(args[6 + i]);
        d->loss = (uint32_t)(atof(args[8 + i]) / 1e6 * 4294967295.0);
        size_t size = sizeof(struct packet) * PACKETS;
        d->ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (d->ring == MAP_FAILED) fail("cannot map the packets");
    }
    // Ahead of what runs over it, where that is allowed: a link is not late because its ends are busy.
    struct sched_param ahead = {.sched_priority = 10};
    sched_setscheduler(0, SCHED_FIFO, &ahead);
    if (count == 12) read_trace(args[11]);
    trace.began = now();
    puts("up");
    fflush(stdout);

    while (!stopped) {
        int any = 0;
        for (int i = 0; i < 2; i++) {
            any |= takes(&both[i], delay, &random);
            any |= delivers(&both[i]);
        }
        if (!any) rest(both);
    }
    for (int i = 0; i < 2; i++) {
        struct direction *d = &both[i];
        double mean = d->passed ? (double)d->late_sum / (double)d->passed / 1e3 : 0;
        fprintf(stderr, "%s came %lu lost %lu dropped %lu passed %lu late %.0f %.0f\n", d->name, d->came, d->lost, d->dropped,
                d->passed, mean, (double)d->late_most / 1e3);
    }
    return 0;
}
