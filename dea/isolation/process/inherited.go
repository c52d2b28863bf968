package process

import (
	"os"
	"strconv"
	"syscall"
)

// closeListed keeps from the children what this process itself was started with: whatever Go opens it closes for them, but not
// what make or goreman left open. In 2012 bin/close_fds did this.
func closeListed() {
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // not mounted
	}
	for _, entry := range open {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
