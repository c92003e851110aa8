/* LD_PRELOAD library: makes an FT260 on a socket (below) appear as /dev/hidraw90, 91, ... to a
 * program that finds devices with libudev and talks to them with open, read, write, poll and
 * ioctl: module `hidraw` of the PyPI `hidapi` wheel, a distribution's libhidapi-hidraw, or
 * plain Python with os.open and fcntl.ioctl.
 *
 *   cc -O2 -Wall -shared -fPIC -o hidraw_shim.so hidraw_shim.c -ldl -lpthread
 *   FT260_SHIM=ft260.sock LD_PRELOAD="dir/hidraw_shim.so dir/libusb-1.0.so.0" python ...
 *
 * Preload libusb_shim.c's libusb-1.0.so.0 too whenever the program imports module `hid` (the wheel's
 * default): the bundled real libusb must not be started on this file's libudev.
 *
 * Environment
 *   FT260_SHIM              socket path(s), joined with ':'; interface i of board b is
 *                           /dev/hidraw<90 + 2 b + i>
 *   FT260_SHIM_EACCES=1     opening fails with EACCES (no udev rule)
 *   FT260_SHIM_NOHIDRAW=1   no hidraw node at all (kernel driver hid-ft260 of Linux 6.2 and later)
 *
 * After the hello packet the descriptor handed out is the socket itself: one packet is one
 * input report, so read, poll and select need no help.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#define BASE 90
#define MAX_NODE 16
#define MAX_FD 1024
#define MAJOR 240
#define SYS "/ft260-shim/hidraw"     /* never exists: opens below it are served here */

static struct { int ctl, node; } fds[MAX_FD];       /* ctl: second socket, 0 = not ours */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(ret, name, ...) \
    static ret (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = (ret (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int flag(const char *name)
{
    const char *v = getenv(name);
    return v && *v && *v != '0';
}

static int board_path(int board, char *out, size_t room)
{
    const char *v = getenv("FT260_SHIM");
    while (v && *v) {
        size_t len = strcspn(v, ":");
        if (len && board-- == 0) {
            if (len >= room)
                return -1;
            memcpy(out, v, len);
            out[len] = 0;
            return 0;
        }
        v += len + (v[len] == ':');
    }
    return -1;
}

static int dial(int board)
{
    struct sockaddr_un a;
    int fd;
    memset(&a, 0, sizeof a);
    a.sun_family = AF_UNIX;
    if (board_path(board, a.sun_path, sizeof a.sun_path))
        return -1;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int ask(int fd, const void *req, size_t len, void *out, int *n)
{
    unsigned char buf[4200];
    int32_t status = -4;
    ssize_t got = -1;
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    pthread_mutex_lock(&lock);
    if (send(fd, req, len, MSG_NOSIGNAL) == (ssize_t)len)
        do
            got = recv(fd, buf, sizeof buf, 0);
        while (got < 0 && errno == EINTR);
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (got < 4)
        return -4;
    memcpy(&status, buf, 4);
    got -= 4;
    if (out) {
        if (got > *n)
            got = *n;
        memcpy(out, buf + 4, got);
        *n = (int)got;
    }
    return status;
}

static int control(int fd, int type, int req, int value, int index, void *data, int len)
{
    unsigned char m[9 + 4096] = {'X', type, req, value & 255, value >> 8, index & 255, 0, len & 255, len >> 8};
    int n = len, status;
    if (type & 0x80) {
        status = ask(fd, m, 9, data, &n);
        return status ? status : n;
    }
    memcpy(m + 9, data, len);
    status = ask(fd, m, 9 + len, NULL, NULL);
    return status ? status : len;
}

/* What the sysfs of one node says. Returns 0 when the node is there. */
struct info { uint16_t vid, pid, bcd; char serial[64], uevent[256], bcdtext[8], iface[4]; unsigned char rdesc[4096]; int rlen; };

static int look(int node, struct info *in)
{
    unsigned char d[18], cfg[512], str[255];
    int board = node / 2, iface = node % 2, n = 18, fd, ncfg = sizeof cfg, i, ok = 0;

    if (flag("FT260_SHIM_NOHIDRAW"))
        return -1;
    fd = dial(board);
    if (fd < 0)
        return -1;
    memset(in, 0, sizeof *in);
    if (ask(fd, "D", 1, d, &n) == 0 && n == 18 && ask(fd, "C", 1, cfg, &ncfg) == 0)
        for (i = 0; i + 2 <= ncfg && cfg[i]; i += cfg[i])
            if (cfg[i + 1] == 4 && cfg[i + 2] == iface)
                ok = 1;
    if (ok) {
        in->vid = d[8] | d[9] << 8;
        in->pid = d[10] | d[11] << 8;
        in->bcd = d[12] | d[13] << 8;
        if (d[16]) {
            n = control(fd, 0x80, 6, 0x0300 | d[16], 0x0409, str, sizeof str);
            for (i = 2; i + 1 < n && i / 2 < (int)sizeof in->serial; i += 2)
                in->serial[i / 2 - 1] = str[i];
        }
        in->rlen = control(fd, 0x81, 6, 0x2200, iface, in->rdesc, sizeof in->rdesc);
        snprintf(in->uevent, sizeof in->uevent,
                 "DRIVER=hid-generic\nHID_ID=0003:%08X:%08X\nHID_NAME=FTDI FT260\nHID_PHYS=usb-shim-%d/input%d\nHID_UNIQ=%s\n",
                 in->vid, in->pid, board + 1, iface, in->serial);
        snprintf(in->bcdtext, sizeof in->bcdtext, "%04x", in->bcd);
        snprintf(in->iface, sizeof in->iface, "%02d", iface);
    }
    close(fd);
    return ok ? 0 : -1;
}

/* ---- libudev ---------------------------------------------------------------------------- */

struct udev_device { int node, kind; struct info in; struct udev_device *up; char sys[64], dev[32]; };
struct udev_list_entry { struct udev_list_entry *next; char name[64]; };
struct udev_enumerate { int hidraw; struct udev_list_entry *list; };
enum { RAW, HID, INTF, USB };
static int the_udev;

void *udev_new(void) { return &the_udev; }
void *udev_ref(void *u) { return u; }
void *udev_unref(void *u) { (void)u; return NULL; }

struct udev_enumerate *udev_enumerate_new(void *u) { (void)u; return calloc(1, sizeof(struct udev_enumerate)); }
int udev_enumerate_add_match_subsystem(struct udev_enumerate *e, const char *s) { e->hidraw |= !strcmp(s, "hidraw"); return 0; }
int udev_enumerate_add_match_property(struct udev_enumerate *e, const char *a, const char *b) { (void)e; (void)a; (void)b; return 0; }
int udev_enumerate_add_match_sysattr(struct udev_enumerate *e, const char *a, const char *b) { (void)e; (void)a; (void)b; return 0; }
int udev_enumerate_scan_devices(struct udev_enumerate *e)
{
    struct udev_list_entry **tail = &e->list;
    struct info in;
    int i;
    for (i = 0; e->hidraw && i < MAX_NODE; i++)
        if (look(i, &in) == 0) {
            *tail = calloc(1, sizeof **tail);
            snprintf((*tail)->name, sizeof (*tail)->name, SYS "%d", BASE + i);
            tail = &(*tail)->next;
        }
    return 0;
}
struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *e) { return e->list; }
void *udev_enumerate_unref(struct udev_enumerate *e)
{
    while (e->list) {
        struct udev_list_entry *n = e->list->next;
        free(e->list);
        e->list = n;
    }
    free(e);
    return NULL;
}
struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *l) { return l->next; }
const char *udev_list_entry_get_name(struct udev_list_entry *l) { return l->name; }

static struct udev_device *make_device(int node)
{
    struct udev_device *d = calloc(1, sizeof *d), *p;
    int k;
    if (look(node, &d->in)) {
        free(d);
        return NULL;
    }
    d->node = node;
    snprintf(d->sys, sizeof d->sys, SYS "%d", BASE + node);
    snprintf(d->dev, sizeof d->dev, "/dev/hidraw%d", BASE + node);
    for (k = HID, p = d; k <= USB; k++) {
        p->up = calloc(1, sizeof *p);
        p->up->in = d->in;
        p->up->kind = k;
        p->up->node = node;
        p = p->up;
    }
    return d;
}
struct udev_device *udev_device_new_from_syspath(void *u, const char *path)
{
    (void)u;
    if (strncmp(path, SYS, sizeof SYS - 1))
        return NULL;
    return make_device(atoi(path + sizeof SYS - 1) - BASE);
}
struct udev_device *udev_device_new_from_devnum(void *u, char type, dev_t num)
{
    (void)u;
    if (type != 'c' || major(num) != MAJOR)
        return NULL;
    return make_device(minor(num) - BASE);
}
struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *d, const char *sub, const char *type)
{
    int want = !strcmp(sub, "hid") ? HID : type && !strcmp(type, "usb_interface") ? INTF : USB;
    while (d && d->kind != want)
        d = d->up;
    return d;
}
struct udev_device *udev_device_get_parent(struct udev_device *d) { return d->up; }
void *udev_device_unref(struct udev_device *d)
{
    while (d) {
        struct udev_device *n = d->up;
        free(d);
        d = n;
    }
    return NULL;
}
const char *udev_device_get_syspath(struct udev_device *d) { return d->sys; }
const char *udev_device_get_devnode(struct udev_device *d) { return d->kind == RAW ? d->dev : NULL; }
const char *udev_device_get_sysname(struct udev_device *d) { return d->sys + sizeof "/ft260-shim/" - 1; }
const char *udev_device_get_action(struct udev_device *d) { (void)d; return NULL; }
const char *udev_device_get_subsystem(struct udev_device *d) { return d->kind == RAW ? "hidraw" : d->kind == HID ? "hid" : "usb"; }
const char *udev_device_get_sysattr_value(struct udev_device *d, const char *name)
{
    if (d->kind == HID && !strcmp(name, "uevent")) return d->in.uevent;
    if (d->kind == INTF && !strcmp(name, "bInterfaceNumber")) return d->in.iface;
    if (d->kind == USB) {
        if (!strcmp(name, "manufacturer")) return "FTDI";
        if (!strcmp(name, "product")) return "FT260";
        if (!strcmp(name, "bcdDevice")) return d->in.bcdtext;
        if (!strcmp(name, "serial")) return d->in.serial[0] ? d->in.serial : NULL;
    }
    return NULL;
}
/* Not used by hidraw; here so that nothing of the real library meets our objects. */
void *udev_monitor_new_from_netlink(void *u, const char *n) { (void)u; (void)n; errno = ENOSYS; return NULL; }
int udev_monitor_enable_receiving(void *m) { (void)m; return -1; }
int udev_monitor_get_fd(void *m) { (void)m; return -1; }
int udev_monitor_filter_add_match_subsystem_devtype(void *m, const char *a, const char *b) { (void)m; (void)a; (void)b; return -1; }
void *udev_monitor_receive_device(void *m) { (void)m; return NULL; }
void *udev_monitor_unref(void *m) { (void)m; return NULL; }

/* ---- files ------------------------------------------------------------------------------ */

static int text_fd(const void *data, size_t len)
{
    int fd = memfd_create("ft260-shim", MFD_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET)) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

/* -2: not one of ours */
static int open_ours(const char *path)
{
    struct info in;
    int node, fd, ctl;
    char tail[32], hello[2] = {'H', 0};

    if (!getenv("FT260_SHIM") || !path)
        return -2;
    if (!strncmp(path, SYS, sizeof SYS - 1)) {
        if (sscanf(path + sizeof SYS - 1, "%d/device/%31s", &node, tail) != 2 || look(node - BASE, &in)) {
            errno = ENOENT;
            return -1;
        }
        if (!strcmp(tail, "uevent"))
            return text_fd(in.uevent, strlen(in.uevent));
        if (!strcmp(tail, "report_descriptor"))
            return text_fd(in.rdesc, in.rlen > 0 ? in.rlen : 0);
        errno = ENOENT;
        return -1;
    }
    if (sscanf(path, "/dev/hidraw%d", &node) != 1 || node < BASE || node >= BASE + MAX_NODE)
        return -2;
    node -= BASE;
    if (look(node, &in)) {
        errno = ENOENT;
        return -1;
    }
    if (flag("FT260_SHIM_EACCES")) {
        errno = EACCES;
        return -1;
    }
    ctl = dial(node / 2);
    fd = dial(node / 2);
    if (fd < 0 || ctl < 0 || fd >= MAX_FD) {
        errno = ENODEV;
        return -1;
    }
    ask(ctl, "Kopen hidraw", 12, NULL, NULL);
    hello[1] = node % 2;
    if (send(fd, hello, 2, MSG_NOSIGNAL) != 2) {
        errno = ENODEV;
        return -1;
    }
    fds[fd].ctl = ctl;
    fds[fd].node = node;
    return fd;
}

int open(const char *path, int fl, ...)
{
    mode_t mode = 0;
    int fd = open_ours(path);
    REAL(int, open, const char *, int, ...);
    if (fd != -2)
        return fd;
    if (fl & (O_CREAT | __O_TMPFILE)) {
        va_list ap;
        va_start(ap, fl);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return real_open(path, fl, mode);
}
int open64(const char *path, int fl, ...)
{
    mode_t mode = 0;
    int fd = open_ours(path);
    REAL(int, open64, const char *, int, ...);
    if (fd != -2)
        return fd;
    if (fl & (O_CREAT | __O_TMPFILE)) {
        va_list ap;
        va_start(ap, fl);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return real_open64(path, fl, mode);
}
int close(int fd)
{
    REAL(int, close, int);
    if (fd >= 0 && fd < MAX_FD && fds[fd].ctl) {
        int ctl = fds[fd].ctl;
        fds[fd].ctl = 0;
        ask(ctl, "Kclose hidraw", 13, NULL, NULL);
        real_close(ctl);
    }
    return real_close(fd);
}

static int fail(int status)
{
    errno = status == -4 ? ENODEV : status == -7 ? ETIMEDOUT : status == -9 ? EPIPE : EIO;
    return -1;
}

/* A real write() to a hidraw node comes back after the report went out, so a status request
 * after it never overtakes it: send it over the control socket and wait for the answer. */
ssize_t write(int fd, const void *data, size_t len)
{
    unsigned char m[2 + 4096] = {'O', 0};
    uint32_t count = 0;
    int n = sizeof count, status;
    REAL(ssize_t, write, int, const void *, size_t);

    if (fd < 0 || fd >= MAX_FD || !fds[fd].ctl)
        return real_write(fd, data, len);
    if (len < 1 || len > 4096) {
        errno = EINVAL;
        return -1;
    }
    m[1] = 2 + 2 * (fds[fd].node % 2);
    memcpy(m + 2, data, len);
    status = ask(fds[fd].ctl, m, 2 + len, &count, &n);
    return status ? fail(status) : (ssize_t)count;
}

int ioctl(int fd, unsigned long req, ...)
{
    void *arg;
    va_list ap;
    int nr = _IOC_NR(req), len = _IOC_SIZE(req), status, iface;
    struct info in;
    REAL(int, ioctl, int, unsigned long, ...);

    va_start(ap, req);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (fd < 0 || fd >= MAX_FD || !fds[fd].ctl || _IOC_TYPE(req) != 'H')
        return real_ioctl(fd, req, arg);
    iface = fds[fd].node % 2;
    switch (nr) {
    case 0x06:                                   /* HIDIOCSFEATURE */
        status = control(fds[fd].ctl, 0x21, 9, 0x0300 | *(unsigned char *)arg, iface, arg, len);
        return status < 0 ? fail(status) : status;
    case 0x07:                                   /* HIDIOCGFEATURE */
        status = control(fds[fd].ctl, 0xA1, 1, 0x0300 | *(unsigned char *)arg, iface, arg, len);
        return status < 0 ? fail(status) : status;
    }
    if (look(fds[fd].node, &in))
        return fail(-4);
    switch (nr) {
    case 0x01:
        *(int *)arg = in.rlen;
        return 0;
    case 0x02:                                   /* struct { u32 size; u8 value[4096]; } */
        *(uint32_t *)arg = in.rlen;
        memcpy((char *)arg + 4, in.rdesc, in.rlen);
        return 0;
    case 0x03:                                   /* struct { u32 bustype; s16 vendor, product; } */
        *(uint32_t *)arg = 3;
        ((uint16_t *)arg)[2] = in.vid;
        ((uint16_t *)arg)[3] = in.pid;
        return 0;
    case 0x04:
        return snprintf(arg, len, "FTDI FT260") + 1;
    case 0x05:
        return snprintf(arg, len, "usb-shim-%d/input%d", fds[fd].node / 2 + 1, iface) + 1;
    case 0x08:
        return snprintf(arg, len, "%s", in.serial) + 1;
    }
    errno = EINVAL;
    return -1;
}

static void fix_stat(int fd, mode_t *mode, dev_t *rdev)
{
    if (fd >= 0 && fd < MAX_FD && fds[fd].ctl) {
        *mode = S_IFCHR | 0660;
        *rdev = makedev(MAJOR, BASE + fds[fd].node);
    }
}
int fstat(int fd, struct stat *s)
{
    REAL(int, fstat, int, struct stat *);
    int rc = real_fstat(fd, s);
    if (!rc)
        fix_stat(fd, &s->st_mode, &s->st_rdev);
    return rc;
}
int __fxstat(int ver, int fd, struct stat *s)
{
    REAL(int, __fxstat, int, int, struct stat *);
    int rc = real___fxstat(ver, fd, s);
    if (!rc)
        fix_stat(fd, &s->st_mode, &s->st_rdev);
    return rc;
}
