package landlock

import (
	"errors"

	"golang.org/x/sys/unix"
)

const canRenounce = true

// renounce makes setuid programs run as who starts them. Landlock wants it, and without Landlock it is something. Of root's powers it gives up those
// that reach into other processes and into the system, past all rules about files; others have none of them.
func renounce() error {
	for _, power := range []uintptr{
		unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_PERFMON, unix.CAP_BPF, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_BOOT,
	} {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, power, 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EINVAL) { // not root's, or unknown to this kernel
			return err
		}
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
