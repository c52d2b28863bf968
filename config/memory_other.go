//go:build !linux && !darwin

package config

// systemMB returns the machine's memory in MB, 0 when it is not known.
func systemMB() int { return 0 }
