package config

import "golang.org/x/sys/unix"

// systemMB returns the machine's memory in MB, 0 when it is not known.
func systemMB() int {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return int(uint64(info.Totalram) * uint64(info.Unit) >> 20)
}
