/* A V4L2 capture device that is not there: preloaded into a process, it answers for /dev/video7.
 *
 * Frames are the JPEG files $V4L2_FRAMES/0.jpg, 1.jpg, ..., again and again, one every $V4L2_PERIOD_US, stamped with
 * CLOCK_MONOTONIC as uvcvideo does. The file $V4L2_FRAMES/fault, where there is one, says what is wrong: "unplugged"
 * (ENODEV, and an error for who polls), "silent" (no frames), "busy" (no buffers for a second user), "wall" (stamps of
 * the wall clock), "broken" (three quarters of a JPEG). Only MJPG of 640 x 480 is sent.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "/dev/video7"
#define MAX_BUFFERS 16
#define SIZE (640 * 480 * 2)

/* For the test to look at. */
int exposure = 156, auto_exposure = 3, num_buffers;

static int device = -1, sequence;
static int queued[MAX_BUFFERS], head, tail;
static char *pixels[MAX_BUFFERS];

static int has_fault(const char *name) {
    char path[512], text[64] = "";
    snprintf(path, sizeof path, "%s/fault", getenv("V4L2_FRAMES"));
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    int is_read = fscanf(file, "%63s", text);
    fclose(file);
    return is_read == 1 && strcmp(text, name) == 0;
}

static int open_device(void) {
    if (has_fault("unplugged")) { errno = ENOENT; return -1; }
    device = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    sequence = head = tail = num_buffers = 0;
    return device;
}

static void arm(int is_on) {
    long period = atol(getenv("V4L2_PERIOD_US")) * 1000L;
    struct itimerspec spec = {{0, is_on ? period : 0}, {0, is_on ? period : 0}};
    timerfd_settime(device, 0, &spec, NULL);
}

static void stamp(struct v4l2_buffer *buffer) {
    struct timespec now;
    clock_gettime(has_fault("wall") ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    buffer->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
}

static int fill(int index, struct v4l2_buffer *buffer) {
    char path[512];
    int count = 0;
    for (;; count++) {
        snprintf(path, sizeof path, "%s/%d.jpg", getenv("V4L2_FRAMES"), count);
        if (access(path, R_OK)) break;
    }
    snprintf(path, sizeof path, "%s/%d.jpg", getenv("V4L2_FRAMES"), sequence % count);
    FILE *file = fopen(path, "rb");
    size_t size = fread(pixels[index], 1, SIZE, file);
    fclose(file);
    buffer->bytesused = has_fault("broken") ? size * 3 / 4 : size;
    return 0;
}

static int dequeue(struct v4l2_buffer *buffer) {
    uint64_t ticks;
    if (has_fault("unplugged")) { errno = ENODEV; return -1; }
    if (has_fault("silent") || head == tail || read(device, &ticks, sizeof ticks) < 0) { errno = EAGAIN; return -1; }
    int index = queued[tail++ % MAX_BUFFERS];
    buffer->index = index;
    buffer->length = SIZE;
    buffer->sequence = sequence += ticks - 1;
    fill(index, buffer);
    sequence++;
    stamp(buffer);
    return 0;
}

static int control(unsigned id, int **value) {
    if (id == V4L2_CID_EXPOSURE_ABSOLUTE) *value = &exposure;
    else if (id == V4L2_CID_EXPOSURE_AUTO) *value = &auto_exposure;
    else { errno = EINVAL; return -1; }
    return 0;
}

static int answer(unsigned long request, void *argument) {
    int *value;
    if (has_fault("unplugged")) { errno = ENODEV; return -1; }
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *found = argument;
        strcpy((char *)found->card, "Software webcam");
        found->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT: {
        struct v4l2_format *format = argument;
        format->fmt.pix.width = 640;
        format->fmt.pix.height = 480;
        format->fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
        format->fmt.pix.bytesperline = 0;
        format->fmt.pix.sizeimage = SIZE;
        return 0;
    }
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *rate = argument;
        rate->parm.capture.timeperframe.numerator = 1;
        rate->parm.capture.timeperframe.denominator = 1000000 / atol(getenv("V4L2_PERIOD_US"));
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *wanted = argument;
        if (wanted->count && has_fault("busy")) { errno = EPERM; return -1; }
        if (wanted->count > MAX_BUFFERS) wanted->count = MAX_BUFFERS;
        num_buffers = wanted->count;
        head = tail = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = argument;
        buffer->length = SIZE;
        buffer->m.offset = buffer->index * SIZE;
        return 0;
    }
    case VIDIOC_QBUF: queued[head++ % MAX_BUFFERS] = ((struct v4l2_buffer *)argument)->index; return 0;
    case VIDIOC_DQBUF: return dequeue(argument);
    case VIDIOC_STREAMON: arm(1); return 0;
    case VIDIOC_STREAMOFF: arm(0); head = tail = 0; return 0;
    case VIDIOC_QUERYCTRL: {
        struct v4l2_queryctrl *query = argument;
        if (control(query->id, &value)) return -1;
        query->minimum = 1;
        query->maximum = 10000;
        return 0;
    }
    case VIDIOC_G_CTRL:
    case VIDIOC_S_CTRL: {
        struct v4l2_control *wanted = argument;
        if (control(wanted->id, &value)) return -1;
        if (request == VIDIOC_S_CTRL) *value = wanted->value; else wanted->value = *value;
        return 0;
    }
    }
    errno = EINVAL;
    return -1;
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        if (strcmp(path, DEVICE) == 0) return open_device();                                                           \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = va_arg(rest, mode_t);                                                                            \
        va_end(rest);                                                                                                  \
        int (*real)(const char *, int, ...) = next(#name);                                                             \
        return real(path, flags, mode);                                                                                \
    }
OPEN(open)
OPEN(open64)

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (fd == device && fd != -1) return answer(request & 0xffffffff, argument);
    int (*real)(int, unsigned long, ...) = next("ioctl");
    return real(fd, request, argument);
}

#define MMAP(name, offset_t)                                                                                           \
    void *name(void *address, size_t length, int protection, int flags, int fd, offset_t offset) {                     \
        void *(*real)(void *, size_t, int, int, int, offset_t) = next(#name);                                          \
        if (fd != device || fd == -1) return real(address, length, protection, flags, fd, offset);                     \
        return pixels[offset / SIZE] = real(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); \
    }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int poll(struct pollfd *fds, nfds_t count, int timeout) {
    int (*real)(struct pollfd *, nfds_t, int) = next("poll");
    int is_ours = count == 1 && fds[0].fd == device && device != -1;
    if (is_ours && has_fault("unplugged")) { fds[0].revents = POLLERR | POLLHUP; return 1; }
    if (is_ours && has_fault("silent")) { fds[0].revents = 0; usleep(1000L * timeout); return 0; }
    return real(fds, count, timeout);
}

int close(int fd) {
    int (*real)(int) = next("close");
    if (fd == device) device = -1;
    return real(fd);
}
