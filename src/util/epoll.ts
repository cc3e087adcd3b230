/** epoll(7) as the kernel's ABI has it, on x64 and arm64. */

export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
/** What a socket is watched for, and what is told of it; the last two are always told. */
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;
/** struct epoll_event in words of 32 bits: events, and data of two, of which the first is ours; packed on x64 alone. */
export const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
export const EVENT_DATA = EVENT_WORDS - 2;
/** Sockets told of by one call. */
export const EVENTS_MAX = 64;
