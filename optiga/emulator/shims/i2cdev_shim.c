/* i2cdev_shim: lets an unmodified program that opens /dev/i2c-N talk to a emulated chip on a Unix socket.
 *
 *   cc -O2 -shared -fPIC -o i2cdev_shim.so i2cdev_shim.c -ldl
 *   I2C_SHIM=/path/to/socket LD_PRELOAD=./i2cdev_shim.so program ...
 *
 * What is served: open/open64/openat of "/dev/i2c-*" (a real descriptor: the connected socket), close, read, write,
 * ioctl I2C_SLAVE, I2C_SLAVE_FORCE, I2C_FUNCS, I2C_RDWR, I2C_SMBUS, I2C_TIMEOUT, I2C_RETRIES, I2C_TENBIT, I2C_PEC;
 * stat/access of that path; and files below /sys/class/gpio, which become /dev/null unless I2C_SHIM_GPIO=1, when a
 * value written to /sys/class/gpio/gpioN/value goes to the emulated board as a pin change (and reads back).
 *
 * The bus on the socket : request = op, address, length (2, big endian), data;
 * answer = status, length (2), data. op W write+STOP, w write without STOP, R read+STOP, r read without STOP,
 * P pin (address = pin, one byte: value). status 0 ACK, 1 address not acknowledged, 2 data not acknowledged,
 * 3 bus error. A NACK becomes errno EREMOTEIO (I2C_SHIM_ENXIO=1: ENXIO), a bus error EIO.
 * Each transaction has a connection of its own, so descriptors may be duplicated and shared by processes.
 * Safe in signal handlers: no allocation, no stdio, EINTR retried; all signals are blocked while a transaction runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define MAXFD 4096
enum { NOT_OURS, BUS, PIN };
static struct { unsigned char kind, addr, pin, level, seen; } fds[MAXFD];
static __thread int joined = -1; /* the connection of messages that belong together; -1: each has its own */

static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_close)(int);
static int (*real_ioctl)(int, unsigned long, ...);
static int (*real_fcntl)(int, int, ...);
static off_t (*real_lseek)(int, off_t, int);

__attribute__((constructor)) static void start(void) {
    real_read = dlsym(RTLD_NEXT, "read");
    real_write = dlsym(RTLD_NEXT, "write");
    real_close = dlsym(RTLD_NEXT, "close");
    real_ioctl = dlsym(RTLD_NEXT, "ioctl");
    real_fcntl = dlsym(RTLD_NEXT, "fcntl");
    real_lseek = dlsym(RTLD_NEXT, "lseek");
}

static int ours(int fd, int kind) { return fd >= 0 && fd < MAXFD && fds[fd].kind == kind; }

static int is_bus(const char *p) { return p && getenv("I2C_SHIM") && strncmp(p, "/dev/i2c-", 9) == 0; }

static int is_gpio(const char *p) { return p && getenv("I2C_SHIM") && strncmp(p, "/sys/class/gpio/", 16) == 0; }

static int all(int fd, void *buf, size_t n, int out) {
    char *p = buf;
    while (n) {
        ssize_t k = out ? real_write(fd, p, n) : real_read(fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

static int dial(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *path = getenv("I2C_SHIM");
    if (!path || strlen(path) >= sizeof a.sun_path) return -1;
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), done;
    if (fd < 0) return -1;
    while ((done = connect(fd, (struct sockaddr *)&a, sizeof a)) && errno == EINTR) continue;
    if (done) { real_close(fd); return -1; }
    return fd;
}

/* One request and its answer. Returns the status byte (0 = ACK), or -1 when the emulated board is gone. */
static int transact(char op, unsigned char addr, const void *out, size_t n, void *in) {
    unsigned char head[4] = {(unsigned char)op, addr, (unsigned char)(n >> 8), (unsigned char)n}, back[3], spare[256];
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    int status = -1, fd = joined >= 0 ? joined : dial();
    if (fd >= 0 && all(fd, head, 4, 1) == 0 && (out == NULL || all(fd, (void *)out, n, 1) == 0) && all(fd, back, 3, 0) == 0) {
        size_t got = (size_t)back[1] << 8 | back[2], take = in && got <= n ? got : 0;
        status = back[0];
        if (take && all(fd, in, take, 0)) status = -1;
        for (got -= take; got && status >= 0;) {
            size_t k = got < sizeof spare ? got : sizeof spare;
            if (all(fd, spare, k, 0)) status = -1;
            got -= k;
        }
    }
    if (fd >= 0 && fd != joined) real_close(fd);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static int fail(int status) {
    errno = status < 0 ? ENODEV : status == 3 ? EIO : getenv("I2C_SHIM_ENXIO") ? ENXIO : EREMOTEIO;
    return -1;
}

/* A descriptor that stands for the bus or a pin. What is written to it itself is lost. */
static int stand(int kind) {
    int probe = dial();
    if (probe < 0) { errno = ENOENT; return -1; }
    real_close(probe);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (fd >= MAXFD) { real_close(fd); errno = EMFILE; return -1; }
    memset(&fds[fd], 0, sizeof fds[fd]);
    fds[fd].kind = (unsigned char)kind;
    return fd;
}

static int opened(const char *path) { /* -2: not ours */
    if (is_bus(path)) return stand(BUS);
    if (!is_gpio(path)) return -2;
    int pin = 0, value = strncmp(path + 16, "gpio", 4) == 0 && strstr(path, "/value");
    if (value) pin = atoi(path + 20);
    if (value && getenv("I2C_SHIM_GPIO")) {
        int fd = stand(PIN);
        if (fd >= 0) fds[fd].pin = (unsigned char)pin, fds[fd].level = 1;
        return fd;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
}

#define MODE(flags, from) mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list v; va_start(v, from); mode = va_arg(v, mode_t); va_end(v); }

int open(const char *path, int flags, ...) {
    int fd = opened(path);
    if (fd != -2) return fd;
    MODE(flags, flags)
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    int fd = opened(path);
    if (fd != -2) return fd;
    MODE(flags, flags)
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int dir, const char *path, int flags, ...) {
    int fd = opened(path);
    if (fd != -2) return fd;
    MODE(flags, flags)
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...) {
    int fd = opened(path);
    if (fd != -2) return fd;
    MODE(flags, flags)
    return (int)syscall(SYS_openat, dir, path, flags | O_LARGEFILE, mode);
}
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int dir, const char *path, int flags) { return openat(dir, path, flags); }

int access(const char *path, int how) {
    if (is_bus(path) || is_gpio(path)) return 0;
    return (int)syscall(SYS_faccessat, AT_FDCWD, path, how, 0);
}

static int faked(const char *path, struct stat *st) {
    if (!is_bus(path)) return 0;
    memset(st, 0, sizeof *st);
    st->st_mode = S_IFCHR | 0660;
    st->st_rdev = 89 << 8 | (dev_t)atoi(path + 9);
    return 1;
}
static int (*real_fstatat)(int, const char *, struct stat *, int);
static int at(int dir, const char *path, struct stat *st, int flags) {
    if (!real_fstatat) real_fstatat = dlsym(RTLD_NEXT, "fstatat");
    return faked(path, st) ? 0 : real_fstatat(dir, path, st, flags);
}
/* 64-bit only: struct stat and struct stat64 are the same there */
int stat(const char *path, struct stat *st) { return at(AT_FDCWD, path, st, 0); }
int lstat(const char *path, struct stat *st) { return at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }
int fstatat(int dir, const char *path, struct stat *st, int flags) { return at(dir, path, st, flags); }
int stat64(const char *path, struct stat64 *st) { return at(AT_FDCWD, path, (struct stat *)st, 0); }
int lstat64(const char *path, struct stat64 *st) { return at(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW); }
int fstatat64(int dir, const char *path, struct stat64 *st, int flags) { return at(dir, path, (struct stat *)st, flags); }

int statx(int dir, const char *restrict path, int flags, unsigned mask, struct statx *restrict sx) {
    struct stat st;
    if (!faked(path, &st)) return (int)syscall(SYS_statx, dir, path, flags, mask, sx);
    memset(sx, 0, sizeof *sx);
    sx->stx_mask = STATX_TYPE | STATX_MODE;
    sx->stx_mode = (unsigned short)st.st_mode;
    sx->stx_rdev_major = 89;
    sx->stx_rdev_minor = (unsigned)(st.st_rdev & 0xff);
    return 0;
}

int close(int fd) {
    if (fd >= 0 && fd < MAXFD) fds[fd].kind = NOT_OURS;
    return real_close(fd);
}

ssize_t write(int fd, const void *buf, size_t n) {
    if (ours(fd, BUS)) {
        if (n > 8192) n = 8192; /* what i2c-dev itself takes */
        int s = transact('W', fds[fd].addr, buf, n, NULL);
        return s ? fail(s) : (ssize_t)n;
    }
    if (ours(fd, PIN)) {
        if (n == 0) return 0;
        unsigned char level = *(const char *)buf != '0';
        int s = transact('P', fds[fd].pin, &level, 1, NULL);
        fds[fd].seen = 0;
        fds[fd].level = level;
        return s < 0 ? fail(s) : (ssize_t)n;
    }
    return real_write ? real_write(fd, buf, n) : (ssize_t)syscall(SYS_write, fd, buf, n);
}

ssize_t read(int fd, void *buf, size_t n) {
    if (ours(fd, BUS)) {
        if (n > 8192) n = 8192;
        int s = transact('R', fds[fd].addr, NULL, n, buf);
        return s ? fail(s) : (ssize_t)n;
    }
    if (ours(fd, PIN)) {
        char text[2] = {(char)('0' + fds[fd].level), '\n'};
        if (fds[fd].seen) return 0; /* as a file of sysfs: to be read again from its beginning */
        if (n > 2) n = 2;
        memcpy(buf, text, n);
        fds[fd].seen = 1;
        return (ssize_t)n;
    }
    return real_read ? real_read(fd, buf, n) : (ssize_t)syscall(SYS_read, fd, buf, n);
}

static int rdwr(struct i2c_rdwr_ioctl_data *d) {
    for (unsigned i = 0; i < d->nmsgs; i++) {
        struct i2c_msg *m = &d->msgs[i];
        int last = i + 1 == d->nmsgs, rd = m->flags & I2C_M_RD;
        int s = transact(rd ? (last ? 'R' : 'r') : (last ? 'W' : 'w'), (unsigned char)m->addr,
                         rd ? NULL : m->buf, m->len, rd ? m->buf : NULL);
        if (s) return fail(s);
    }
    return (int)d->nmsgs;
}

static int smbus(int fd, struct i2c_smbus_ioctl_data *d) {
    unsigned char a = fds[fd].addr, out[34], in[34];
    int n = 0, s, rd = d->read_write == I2C_SMBUS_READ, want = 0;
    out[0] = d->command;
    switch (d->size) {
    case I2C_SMBUS_QUICK:
        s = transact(rd ? 'R' : 'W', a, rd ? NULL : out, 0, rd ? in : NULL);
        return s ? fail(s) : 0;
    case I2C_SMBUS_BYTE:
        s = rd ? transact('R', a, NULL, 1, in) : transact('W', a, out, 1, NULL);
        if (s) return fail(s);
        if (rd) d->data->byte = in[0];
        return 0;
    case I2C_SMBUS_BYTE_DATA: want = 1; if (!rd) out[1] = d->data->byte, n = 1; break;
    case I2C_SMBUS_WORD_DATA: want = 2; if (!rd) out[1] = (unsigned char)d->data->word, out[2] = (unsigned char)(d->data->word >> 8), n = 2; break;
    case I2C_SMBUS_I2C_BLOCK_DATA:
    case I2C_SMBUS_I2C_BLOCK_BROKEN:
        want = d->data->block[0];
        if (want > 32) { errno = EINVAL; return -1; }
        if (!rd) n = want, memcpy(out + 1, d->data->block + 1, (size_t)n);
        break;
    case I2C_SMBUS_BLOCK_DATA:
        if (rd) { errno = EOPNOTSUPP; return -1; }
        n = d->data->block[0] + 1;
        if (n > 33) { errno = EINVAL; return -1; }
        memcpy(out + 1, d->data->block, (size_t)n);
        break;
    default: errno = EOPNOTSUPP; return -1;
    }
    if (!rd) return (s = transact('W', a, out, (size_t)n + 1, NULL)) ? fail(s) : 0;
    if ((s = transact('w', a, out, 1, NULL))) return fail(s);
    if ((s = transact('R', a, NULL, (size_t)want, in))) return fail(s);
    if (d->size == I2C_SMBUS_BYTE_DATA) d->data->byte = in[0];
    else if (d->size == I2C_SMBUS_WORD_DATA) d->data->word = (unsigned short)(in[0] | in[1] << 8);
    else memcpy(d->data->block + 1, in, (size_t)want);
    return 0;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list v;
    va_start(v, request);
    void *arg = va_arg(v, void *);
    va_end(v);
    if (!ours(fd, BUS)) return real_ioctl ? real_ioctl(fd, request, arg) : (int)syscall(SYS_ioctl, fd, request, arg);
    switch (request) {
    case I2C_SLAVE:
    case I2C_SLAVE_FORCE:
        if ((unsigned long)arg > 0x7f) { errno = EINVAL; return -1; }
        fds[fd].addr = (unsigned char)(unsigned long)arg;
        return 0;
    case I2C_FUNCS: /* as the Raspberry Pi's bcm2835 adapter: plain I2C and emulated SMBus, no block read */
        *(unsigned long *)arg = I2C_FUNC_I2C | (I2C_FUNC_SMBUS_EMUL & ~I2C_FUNC_SMBUS_READ_BLOCK_DATA);
        return 0;
    case I2C_TIMEOUT: case I2C_RETRIES: case I2C_PEC: case I2C_TENBIT: return 0;
    case I2C_RDWR:
    case I2C_SMBUS: {
        int back, err;
        if ((joined = dial()) < 0) return fail(-1);
        back = request == I2C_RDWR ? rdwr(arg) : smbus(fd, arg);
        err = errno;
        real_close(joined);
        joined = -1;
        errno = err;
        return back;
    }
    }
    errno = ENOTTY;
    return -1;
}

static int copied(int from, int to) {
    if (to >= 0 && to < MAXFD) {
        if (from >= 0 && from < MAXFD) fds[to] = fds[from];
        else memset(&fds[to], 0, sizeof fds[to]);
    }
    return to;
}
int dup(int fd) { return copied(fd, (int)syscall(SYS_dup, fd)); }
int dup3(int fd, int to, int flags) { return copied(fd, (int)syscall(SYS_dup3, fd, to, flags)); }
int dup2(int fd, int to) {
    if (fd == to) return real_fcntl(fd, F_GETFD) < 0 ? -1 : to;
    return dup3(fd, to, 0);
}

static int controlled(int fd, int what, long arg) {
    int back = real_fcntl ? real_fcntl(fd, what, arg) : (int)syscall(SYS_fcntl, fd, what, arg);
    return what == F_DUPFD || what == F_DUPFD_CLOEXEC ? copied(fd, back) : back;
}
int fcntl(int fd, int what, ...) {
    va_list v;
    va_start(v, what);
    long arg = va_arg(v, long);
    va_end(v);
    return controlled(fd, what, arg);
}
int fcntl64(int fd, int what, ...) {
    va_list v;
    va_start(v, what);
    long arg = va_arg(v, long);
    va_end(v);
    return controlled(fd, what, arg);
}

off_t lseek(int fd, off_t offset, int whence) {
    if (ours(fd, PIN)) fds[fd].seen = 0;
    return real_lseek ? real_lseek(fd, offset, whence) : (off_t)syscall(SYS_lseek, fd, offset, whence);
}
off_t lseek64(int fd, off_t offset, int whence) { return lseek(fd, offset, whence); }
