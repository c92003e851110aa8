/* A small libusb-1.0 that knows one kind of board, an FT260, and finds it at the other end
 * of a Unix SOCK_SEQPACKET socket, so that programs written for libusb run
 * with no hardware and no privileges.
 *
 *   cc -O2 -Wall -shared -fPIC -o libusb-1.0.so.0 libusb_shim.c -Wl,-soname,libusb-1.0.so.0 -lpthread
 *   FT260_SHIM=ft260.sock LD_LIBRARY_PATH=dir-with-libusb-1.0.so.0  program     (or)
 *   FT260_SHIM=ft260.sock LD_PRELOAD=dir/libusb-1.0.so.0            program
 *
 * The second form also serves the PyPI `hidapi` wheel, whose module `hid` is linked with a
 * renamed libusb: preloaded symbols win over the bundled ones.
 *
 * Environment
 *   FT260_SHIM           socket path; several boards: paths joined with ':'
 *   FT260_SHIM_EACCES=1  every open fails with LIBUSB_ERROR_ACCESS (no udev rule)
 *   FT260_SHIM_KDRIVER=1 a kernel driver is bound until it is detached; claiming before that
 *                        fails with LIBUSB_ERROR_BUSY
 *   FT260_SHIM_BUSY=1    another program holds the interface: claim fails with BUSY
 *   FT260_SHIM_DEBUG=1   trace to stderr
 *
 * Transfers may be started from a signal handler (Infineon's library does): signals are
 * blocked while a socket is in use and nothing is allocated on that path.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* ---- the parts of the libusb-1.0 ABI in use ------------------------------------------ */

enum { E_OK = 0, E_IO = -1, E_PARAM = -2, E_ACCESS = -3, E_NO_DEVICE = -4, E_NOT_FOUND = -5,
       E_BUSY = -6, E_TIMEOUT = -7, E_OVERFLOW = -8, E_PIPE = -9, E_INTERRUPTED = -10,
       E_NO_MEM = -11, E_UNSUPPORTED = -12, E_OTHER = -99 };
enum { T_COMPLETED, T_ERROR, T_TIMED_OUT, T_CANCELLED, T_STALL, T_NO_DEVICE, T_OVERFLOW };

struct ep_desc {
    uint8_t bLength, bDescriptorType, bEndpointAddress, bmAttributes;
    uint16_t wMaxPacketSize;
    uint8_t bInterval, bRefresh, bSynchAddress;
    const unsigned char *extra;
    int extra_length;
};
struct if_desc {
    uint8_t bLength, bDescriptorType, bInterfaceNumber, bAlternateSetting, bNumEndpoints,
        bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol, iInterface;
    const struct ep_desc *endpoint;
    const unsigned char *extra;
    int extra_length;
};
struct iface {
    const struct if_desc *altsetting;
    int num_altsetting;
};
struct cfg_desc {
    uint8_t bLength, bDescriptorType;
    uint16_t wTotalLength;
    uint8_t bNumInterfaces, bConfigurationValue, iConfiguration, bmAttributes, MaxPower;
    const struct iface *interface;
    const unsigned char *extra;
    int extra_length;
};
struct dev_desc {
    uint8_t bLength, bDescriptorType;
    uint16_t bcdUSB;
    uint8_t bDeviceClass, bDeviceSubClass, bDeviceProtocol, bMaxPacketSize0;
    uint16_t idVendor, idProduct, bcdDevice;
    uint8_t iManufacturer, iProduct, iSerialNumber, bNumConfigurations;
};
struct transfer;
typedef void (*transfer_cb)(struct transfer *);
struct transfer {
    struct handle *dev_handle;
    uint8_t flags;
    unsigned char endpoint, type;
    unsigned int timeout;
    int status;
    int length, actual_length;
    transfer_cb callback;
    void *user_data;
    unsigned char *buffer;
    int num_iso_packets;
};

/* ---- our own objects ------------------------------------------------------------------ */

#define MAX_DEV 8
#define MAX_IF 4
#define MAX_XFER 32

struct dev {
    char path[108];
    struct dev_desc desc;
    unsigned char raw[512];
    int rawlen;
    int index, kdriver[MAX_IF];
    struct {                         /* room for the parsed configuration */
        struct cfg_desc c;
        struct iface i[MAX_IF];
        struct if_desc d[MAX_IF];
        struct ep_desc e[MAX_IF][4];
    } p;
};

struct handle {
    struct dev *dev;
    int ctl, in;                     /* two sockets: reads may wait while writes go on */
    pthread_mutex_t ctl_lock, in_lock;
    int gone;
};

struct slot {                        /* an asynchronous transfer under way */
    struct transfer *t;
    struct timespec due;
    int cancel;
};

static struct dev devs[MAX_DEV];
static int ndevs, scanned;
static struct slot slots[MAX_XFER];
static pthread_mutex_t slot_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t event_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t scan_lock = PTHREAD_MUTEX_INITIALIZER;
static int context;

static int flag(const char *name)
{
    const char *v = getenv(name);
    return v && *v && *v != '0';
}

static void trace(const char *fmt, ...)
{
    va_list ap;
    if (!flag("FT260_SHIM_DEBUG"))
        return;
    va_start(ap, fmt);
    fputs("shim: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

/* ---- sockets --------------------------------------------------------------------------- */

static int dial(const char *path)
{
    struct sockaddr_un a;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    memset(&a, 0, sizeof a);
    a.sun_family = AF_UNIX;
    strncpy(a.sun_path, path, sizeof a.sun_path - 1);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* One request, one reply. Returns the reply's status; *n is room in, length out. */
static int ask(int fd, pthread_mutex_t *lock, const void *req, size_t reqlen, void *out, int *n)
{
    unsigned char buf[4200];
    sigset_t all, old;
    ssize_t got;
    int32_t status = E_NO_DEVICE;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    if (lock)
        pthread_mutex_lock(lock);
    do
        got = send(fd, req, reqlen, MSG_NOSIGNAL);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)reqlen) {
        do
            got = recv(fd, buf, sizeof buf, 0);
        while (got < 0 && errno == EINTR);
        if (got >= 4) {
            memcpy(&status, buf, 4);
            got -= 4;
            if (out && n) {
                if (got > *n)
                    got = *n;
                memcpy(out, buf + 4, got);
                *n = (int)got;
            }
        }
    }
    if (lock)
        pthread_mutex_unlock(lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return status;
}

static void note(struct handle *h, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    int len;
    text[0] = 'K';
    va_start(ap, fmt);
    len = vsnprintf(text + 1, sizeof text - 1, fmt, ap);
    va_end(ap);
    trace("%s", text + 1);
    ask(h->ctl, &h->ctl_lock, text, 1 + len, NULL, NULL);
}

/* ---- descriptors ----------------------------------------------------------------------- */

static uint16_t le16(const unsigned char *p) { return p[0] | p[1] << 8; }

static void parse_config(struct dev *d)
{
    const unsigned char *p = d->raw, *end = d->raw + d->rawlen;
    struct if_desc *cur = NULL;
    int ni = 0, ne = 0;

    memset(&d->p, 0, sizeof d->p);
    for (; p + 2 <= end && p[0] >= 2 && p + p[0] <= end; p += p[0]) {
        if (p[1] == 2) {
            struct cfg_desc *c = &d->p.c;
            c->bLength = p[0];
            c->bDescriptorType = 2;
            c->wTotalLength = le16(p + 2);
            c->bNumInterfaces = p[4];
            c->bConfigurationValue = p[5];
            c->iConfiguration = p[6];
            c->bmAttributes = p[7];
            c->MaxPower = p[8];
            c->interface = d->p.i;
        } else if (p[1] == 4 && ni < MAX_IF) {
            cur = &d->p.d[ni];
            cur->bLength = p[0];
            cur->bDescriptorType = 4;
            cur->bInterfaceNumber = p[2];
            cur->bAlternateSetting = p[3];
            cur->bNumEndpoints = p[4];
            cur->bInterfaceClass = p[5];
            cur->bInterfaceSubClass = p[6];
            cur->bInterfaceProtocol = p[7];
            cur->iInterface = p[8];
            cur->endpoint = d->p.e[ni];
            d->p.i[ni].altsetting = cur;
            d->p.i[ni].num_altsetting = 1;
            ni++;
            ne = 0;
        } else if (p[1] == 5 && cur && ne < 4) {
            struct ep_desc *e = &d->p.e[ni - 1][ne++];
            e->bLength = p[0];
            e->bDescriptorType = 5;
            e->bEndpointAddress = p[2];
            e->bmAttributes = p[3];
            e->wMaxPacketSize = le16(p + 4);
            e->bInterval = p[6];
        } else if (cur) {            /* class descriptors, among them the HID one */
            if (!cur->extra)
                cur->extra = p;
            cur->extra_length = (int)(p + p[0] - cur->extra);
        }
    }
}

static int load(struct dev *d)
{
    int fd = dial(d->path), n = 18;
    unsigned char raw[18];
    if (fd < 0)
        return E_NO_DEVICE;
    if (ask(fd, NULL, "D", 1, raw, &n) || n < 18) {
        close(fd);
        return E_NO_DEVICE;
    }
    memcpy(&d->desc, raw, 18);
    n = sizeof d->raw;
    if (ask(fd, NULL, "C", 1, d->raw, &n)) {
        close(fd);
        return E_NO_DEVICE;
    }
    d->rawlen = n;
    close(fd);
    parse_config(d);
    return 0;
}

static void scan(void)
{
    const char *v = getenv("FT260_SHIM");
    int i;

    pthread_mutex_lock(&scan_lock);
    if (!scanned && v) {
        while (*v && ndevs < MAX_DEV) {
            size_t len = strcspn(v, ":");
            if (len && len < sizeof devs[0].path) {
                struct dev *d = &devs[ndevs];
                memcpy(d->path, v, len);
                d->path[len] = 0;
                d->index = ndevs++;
                for (i = 0; i < MAX_IF; i++)
                    d->kdriver[i] = flag("FT260_SHIM_KDRIVER");
            }
            v += len + (v[len] == ':');
        }
        scanned = 1;
    }
    pthread_mutex_unlock(&scan_lock);
}

/* ---- library ---------------------------------------------------------------------------- */

#define API __attribute__((visibility("default")))

API int libusb_init(void **ctx)
{
    scan();
    if (ctx)
        *ctx = &context;
    return 0;
}
API int libusb_init_context(void **ctx, const void *opts, int n) { (void)opts; (void)n; return libusb_init(ctx); }
API void libusb_exit(void *ctx) { (void)ctx; }
API int libusb_set_option(void *ctx, int opt, ...) { (void)ctx; (void)opt; return 0; }
API void libusb_set_debug(void *ctx, int level) { (void)ctx; (void)level; }
API int libusb_has_capability(uint32_t cap) { return cap == 0 || cap == 0x101; }

API const char *libusb_error_name(int e)
{
    switch (e) {
    case 0: return "LIBUSB_SUCCESS";
    case E_IO: return "LIBUSB_ERROR_IO";
    case E_PARAM: return "LIBUSB_ERROR_INVALID_PARAM";
    case E_ACCESS: return "LIBUSB_ERROR_ACCESS";
    case E_NO_DEVICE: return "LIBUSB_ERROR_NO_DEVICE";
    case E_NOT_FOUND: return "LIBUSB_ERROR_NOT_FOUND";
    case E_BUSY: return "LIBUSB_ERROR_BUSY";
    case E_TIMEOUT: return "LIBUSB_ERROR_TIMEOUT";
    case E_OVERFLOW: return "LIBUSB_ERROR_OVERFLOW";
    case E_PIPE: return "LIBUSB_ERROR_PIPE";
    case E_INTERRUPTED: return "LIBUSB_ERROR_INTERRUPTED";
    case E_NO_MEM: return "LIBUSB_ERROR_NO_MEM";
    case E_UNSUPPORTED: return "LIBUSB_ERROR_NOT_SUPPORTED";
    }
    return "LIBUSB_ERROR_OTHER";
}
API const char *libusb_strerror(int e) { return libusb_error_name(e); }

struct version { uint16_t major, minor, micro, nano; const char *rc, *describe; };
API const struct version *libusb_get_version(void)
{
    static const struct version v = {1, 0, 26, 0, "", "ft260 shim"};
    return &v;
}

API ssize_t libusb_get_device_list(void *ctx, struct dev ***list)
{
    struct dev **l = calloc(MAX_DEV + 1, sizeof *l);
    ssize_t n = 0;
    int i;
    (void)ctx;
    scan();
    if (!l)
        return E_NO_MEM;
    for (i = 0; i < ndevs; i++)
        if (load(&devs[i]) == 0)
            l[n++] = &devs[i];
    *list = l;
    return n;
}
API void libusb_free_device_list(struct dev **list, int unref) { (void)unref; free(list); }
API struct dev *libusb_ref_device(struct dev *d) { return d; }
API void libusb_unref_device(struct dev *d) { (void)d; }
API uint8_t libusb_get_bus_number(struct dev *d) { (void)d; return 1; }
API uint8_t libusb_get_port_number(struct dev *d) { return d->index + 1; }
API uint8_t libusb_get_device_address(struct dev *d) { return d->index + 2; }
API int libusb_get_device_speed(struct dev *d) { (void)d; return 2; }
API struct dev *libusb_get_parent(struct dev *d) { (void)d; return NULL; }
API int libusb_get_port_numbers(struct dev *d, uint8_t *p, int n)
{
    if (n < 1)
        return E_OVERFLOW;
    p[0] = d->index + 1;
    return 1;
}
API int libusb_get_max_packet_size(struct dev *d, unsigned char ep) { (void)d; (void)ep; return 64; }
API int libusb_get_device_descriptor(struct dev *d, struct dev_desc *out)
{
    memcpy(out, &d->desc, 18);
    return 0;
}
API int libusb_get_active_config_descriptor(struct dev *d, struct cfg_desc **out)
{
    if (!d->rawlen)
        return E_NOT_FOUND;
    *out = &d->p.c;
    return 0;
}
API int libusb_get_config_descriptor(struct dev *d, uint8_t i, struct cfg_desc **out)
{
    return i ? E_NOT_FOUND : libusb_get_active_config_descriptor(d, out);
}
API int libusb_get_config_descriptor_by_value(struct dev *d, uint8_t v, struct cfg_desc **out)
{
    return v != 1 ? E_NOT_FOUND : libusb_get_active_config_descriptor(d, out);
}
API void libusb_free_config_descriptor(struct cfg_desc *c) { (void)c; }

API int libusb_open(struct dev *d, struct handle **out)
{
    struct handle *h;
    if (flag("FT260_SHIM_EACCES"))
        return E_ACCESS;
    h = calloc(1, sizeof *h);
    if (!h)
        return E_NO_MEM;
    h->dev = d;
    h->ctl = dial(d->path);
    h->in = h->ctl < 0 ? -1 : dial(d->path);
    if (h->in < 0) {
        if (h->ctl >= 0)
            close(h->ctl);
        free(h);
        return E_NO_DEVICE;
    }
    pthread_mutex_init(&h->ctl_lock, NULL);
    pthread_mutex_init(&h->in_lock, NULL);
    note(h, "open");
    *out = h;
    return 0;
}
API void libusb_close(struct handle *h)
{
    if (!h)
        return;
    note(h, "close");
    close(h->ctl);
    close(h->in);
    free(h);
}
API struct handle *libusb_open_device_with_vid_pid(void *ctx, uint16_t vid, uint16_t pid)
{
    struct handle *h = NULL;
    int i;
    (void)ctx;
    scan();
    for (i = 0; i < ndevs; i++)
        if (load(&devs[i]) == 0 && devs[i].desc.idVendor == vid && devs[i].desc.idProduct == pid) {
            libusb_open(&devs[i], &h);
            break;
        }
    return h;
}
API struct dev *libusb_get_device(struct handle *h) { return h->dev; }

API int libusb_kernel_driver_active(struct handle *h, int i) { return i >= 0 && i < MAX_IF && h->dev->kdriver[i]; }
API int libusb_detach_kernel_driver(struct handle *h, int i)
{
    if (!libusb_kernel_driver_active(h, i))
        return E_NOT_FOUND;
    h->dev->kdriver[i] = 0;
    note(h, "detach kernel driver %d", i);
    return 0;
}
API int libusb_attach_kernel_driver(struct handle *h, int i)
{
    if (i < 0 || i >= MAX_IF)
        return E_PARAM;
    h->dev->kdriver[i] = 1;
    note(h, "attach kernel driver %d", i);
    return 0;
}
API int libusb_set_auto_detach_kernel_driver(struct handle *h, int on) { (void)h; (void)on; return 0; }
API int libusb_claim_interface(struct handle *h, int i)
{
    if (libusb_kernel_driver_active(h, i) || flag("FT260_SHIM_BUSY"))
        return E_BUSY;
    if (i >= h->dev->p.c.bNumInterfaces)
        return E_NOT_FOUND;
    note(h, "claim %d", i);
    return 0;
}
API int libusb_release_interface(struct handle *h, int i) { note(h, "release %d", i); return 0; }
API int libusb_set_interface_alt_setting(struct handle *h, int i, int a) { (void)h; (void)i; (void)a; return 0; }
API int libusb_get_configuration(struct handle *h, int *c) { (void)h; *c = 1; return 0; }
API int libusb_set_configuration(struct handle *h, int c) { (void)h; return c == 1 ? 0 : E_NOT_FOUND; }
API int libusb_clear_halt(struct handle *h, unsigned char ep) { (void)h; (void)ep; return 0; }
API int libusb_reset_device(struct handle *h) { note(h, "reset device"); return 0; }

API int libusb_control_transfer(struct handle *h, uint8_t type, uint8_t req, uint16_t value,
                                uint16_t index, unsigned char *data, uint16_t len, unsigned int timeout)
{
    unsigned char m[9 + 4096];
    int n = len, status;
    (void)timeout;
    if (len > 4096)
        return E_PARAM;
    m[0] = 'X';
    m[1] = type;
    m[2] = req;
    m[3] = value & 255;
    m[4] = value >> 8;
    m[5] = index & 255;
    m[6] = index >> 8;
    m[7] = len & 255;
    m[8] = len >> 8;
    if (type & 0x80) {
        status = ask(h->ctl, &h->ctl_lock, m, 9, data, &n);
        return status ? status : n;
    }
    if (len)
        memcpy(m + 9, data, len);
    status = ask(h->ctl, &h->ctl_lock, m, 9 + len, NULL, NULL);
    return status ? status : len;
}

static int in_once(struct handle *h, unsigned char ep, unsigned char *data, int len, int *got, unsigned ms)
{
    unsigned char m[10];
    uint32_t room = len;
    m[0] = 'I';
    m[1] = ep;
    memcpy(m + 2, &ms, 4);
    memcpy(m + 6, &room, 4);
    *got = len;
    int status = ask(h->in, &h->in_lock, m, sizeof m, data, got);
    if (status)
        *got = 0;
    return status;
}

API int libusb_interrupt_transfer(struct handle *h, unsigned char ep, unsigned char *data, int len,
                                  int *done, unsigned int timeout)
{
    unsigned char m[2 + 4096];
    uint32_t count = 0;
    int n = sizeof count, status, dummy;

    if (!done)
        done = &dummy;
    *done = 0;
    if (ep & 0x80)
        return in_once(h, ep, data, len, done, timeout ? timeout : 3600000u);
    if (len < 0 || len > 4096)
        return E_PARAM;
    m[0] = 'O';
    m[1] = ep;
    memcpy(m + 2, data, len);
    status = ask(h->ctl, &h->ctl_lock, m, 2 + len, &count, &n);
    if (!status)
        *done = (int)count;
    return status;
}
API int libusb_bulk_transfer(struct handle *h, unsigned char ep, unsigned char *data, int len,
                             int *done, unsigned int timeout)
{
    return libusb_interrupt_transfer(h, ep, data, len, done, timeout);
}

API int libusb_get_string_descriptor_ascii(struct handle *h, uint8_t i, unsigned char *out, int len)
{
    unsigned char raw[255];
    int n, k = 0, j;
    if (!i)
        return E_PARAM;
    n = libusb_control_transfer(h, 0x80, 6, 0x0300 | i, 0x0409, raw, sizeof raw, 1000);
    if (n < 0)
        return n;
    for (j = 2; j + 1 < n && k + 1 < len; j += 2)
        out[k++] = raw[j + 1] ? '?' : raw[j];
    if (k < len)
        out[k] = 0;
    return k;
}

/* ---- asynchronous transfers (what hidapi's reader thread uses) --------------------------- */

static void now_plus(struct timespec *t, unsigned ms)
{
    clock_gettime(CLOCK_MONOTONIC, t);
    t->tv_sec += ms / 1000;
    t->tv_nsec += (ms % 1000) * 1000000L;
    if (t->tv_nsec >= 1000000000L) {
        t->tv_sec++;
        t->tv_nsec -= 1000000000L;
    }
}
static int past(const struct timespec *t)
{
    struct timespec n;
    clock_gettime(CLOCK_MONOTONIC, &n);
    return n.tv_sec > t->tv_sec || (n.tv_sec == t->tv_sec && n.tv_nsec >= t->tv_nsec);
}

API struct transfer *libusb_alloc_transfer(int iso) { (void)iso; return calloc(1, sizeof(struct transfer) + 64); }
API void libusb_free_transfer(struct transfer *t) { free(t); }

API int libusb_submit_transfer(struct transfer *t)
{
    int i, rc = E_NO_MEM;
    if (t->dev_handle->gone)
        return E_NO_DEVICE;
    pthread_mutex_lock(&slot_lock);
    for (i = 0; i < MAX_XFER; i++)
        if (slots[i].t == t)
            rc = E_BUSY;
    if (rc != E_BUSY)
        for (i = 0; i < MAX_XFER; i++)
            if (!slots[i].t) {
                slots[i].t = t;
                slots[i].cancel = 0;
                now_plus(&slots[i].due, t->timeout ? t->timeout : 86400000u);
                rc = 0;
                break;
            }
    pthread_mutex_unlock(&slot_lock);
    return rc;
}
API int libusb_cancel_transfer(struct transfer *t)
{
    int i, rc = E_NOT_FOUND;
    pthread_mutex_lock(&slot_lock);
    for (i = 0; i < MAX_XFER; i++)
        if (slots[i].t == t) {
            slots[i].cancel = 1;
            rc = 0;
        }
    pthread_mutex_unlock(&slot_lock);
    return rc;
}

static int step(unsigned ms, int *completed)
{
    int i, live = 0;

    pthread_mutex_lock(&event_lock);
    if (completed && *completed) {
        pthread_mutex_unlock(&event_lock);
        return 0;
    }
    for (i = 0; i < MAX_XFER; i++)
        live += slots[i].t != NULL;
    if (!live) {
        pthread_mutex_unlock(&event_lock);
        usleep(2000);
        return 0;
    }
    for (i = 0; i < MAX_XFER; i++) {
        struct transfer *t;
        int cancel, status, got = 0, due, done = 1;

        pthread_mutex_lock(&slot_lock);
        t = slots[i].t;
        cancel = slots[i].cancel;
        due = t ? past(&slots[i].due) : 0;
        pthread_mutex_unlock(&slot_lock);
        if (!t)
            continue;
        if (cancel)
            t->status = T_CANCELLED;
        else if (t->endpoint & 0x80) {
            status = in_once(t->dev_handle, t->endpoint, t->buffer, t->length, &got, live > 1 ? 2 : ms);
            if (status == 0)
                t->status = T_COMPLETED;
            else if (status == E_NO_DEVICE) {
                t->status = T_NO_DEVICE;
                t->dev_handle->gone = 1;
            } else if (status != E_TIMEOUT)
                t->status = T_ERROR;
            else if (due)
                t->status = T_TIMED_OUT;
            else
                done = 0;
        } else {
            status = libusb_interrupt_transfer(t->dev_handle, t->endpoint, t->buffer, t->length, &got, t->timeout);
            t->status = status == 0 ? T_COMPLETED : status == E_NO_DEVICE ? T_NO_DEVICE : T_ERROR;
        }
        if (!done)
            continue;
        t->actual_length = got;
        pthread_mutex_lock(&slot_lock);
        slots[i].t = NULL;
        pthread_mutex_unlock(&slot_lock);
        if (t->callback)
            t->callback(t);
    }
    pthread_mutex_unlock(&event_lock);
    return 0;
}

API int libusb_handle_events(void *ctx) { (void)ctx; return step(20, NULL); }
API int libusb_handle_events_completed(void *ctx, int *completed) { (void)ctx; return step(20, completed); }
API int libusb_handle_events_timeout(void *ctx, struct timeval *tv)
{
    unsigned ms = tv->tv_sec * 1000 + tv->tv_usec / 1000;
    (void)ctx;
    return step(ms < 20 ? ms : 20, NULL);
}
API int libusb_handle_events_timeout_completed(void *ctx, struct timeval *tv, int *completed)
{
    unsigned ms = tv->tv_sec * 1000 + tv->tv_usec / 1000;
    (void)ctx;
    return step(ms < 20 ? ms : 20, completed);
}
API int libusb_event_handling_ok(void *ctx) { (void)ctx; return 1; }
API int libusb_pollfds_handle_timeouts(void *ctx) { (void)ctx; return 1; }
API const void **libusb_get_pollfds(void *ctx) { (void)ctx; return NULL; }
API void libusb_set_pollfd_notifiers(void *ctx, void *a, void *b, void *u) { (void)ctx; (void)a; (void)b; (void)u; }
API int libusb_get_next_timeout(void *ctx, struct timeval *tv) { (void)ctx; (void)tv; return 0; }
API int libusb_hotplug_register_callback(void *ctx, int ev, int fl, int v, int p, int c, void *cb, void *u, int *h)
{
    (void)ctx; (void)ev; (void)fl; (void)v; (void)p; (void)c; (void)cb; (void)u; (void)h;
    return E_UNSUPPORTED;
}
