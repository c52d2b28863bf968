package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// processEnd waits for the end of a process that is no child: a pidfd, which is one process for ever and becomes readable when it ends. Waiting for
// it takes no thread, since it is the runtime's poller that does.
type processEnd struct{ file *os.File }

// watchEnd watches the process that has the id now. Without one, or on a system older than Linux 5.10, await is false.
func watchEnd(pid int) processEnd {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return processEnd{}
	}
	return processEnd{os.NewFile(uintptr(fd), "pidfd")}
}

// await returns true when the process has ended, or false at once when nobody would tell.
func (e processEnd) await() bool {
	if e.file == nil {
		return false
	}
	conn, err := e.file.SyscallConn()
	if err != nil {
		return false
	}
	return conn.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return n > 0 || err != nil && err != unix.EINTR
	}) == nil
}

func (e processEnd) release() {
	if e.file != nil {
		e.file.Close()
	}
}
