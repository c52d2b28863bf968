package confine

import (
	"errors"

	"golang.org/x/sys/unix"
)

// CanRenounce says whether confined programs get no new privileges.
const CanRenounce = true

// kept are the powers of root's that a program may need for its own files and processes. Those that reach into the system, into other processes or
// around files (a device that one makes is the disk) are not among them, and neither are those that later kernels invent. Whoever is not root has none.
func kept(power uintptr) bool {
	switch power {
	case unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL,
		unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_NET_BIND_SERVICE:
		return true
	}
	return false
}

// mostPowers is more than any kernel has.
const mostPowers = 64

// renounce makes setuid programs run as who starts them. Landlock wants it, and without Landlock it is something. Of root's powers only some are kept.
func renounce() error {
	for power := range uintptr(mostPowers) {
		if kept(power) {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, power, 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EINVAL) { // not root's, or unknown to this kernel
			return err
		}
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
