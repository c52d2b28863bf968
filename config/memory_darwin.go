package config

import "golang.org/x/sys/unix"

// systemMB returns the machine's memory in MB, 0 when it is not known.
func systemMB() int {
	bytes, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int(bytes >> 20)
}
