// Package confine starts programs that see no files but those they are given, by Linux's Landlock.
//
// In goes a program and its [Rights]; out comes how to start this program again, as a shim that gives up its rights and becomes the other under the same
// process id. Nothing else is changed: process groups, limits and control groups are the caller's, as without it.
//
//	caller ── starts ──► this program again, as a shim ── gives up its rights, becomes ──► the program
//
// A process can only restrict itself, and what it starts inherits that; so each confined program is first this one, which recognises in [Enter] what it
// is started for. No root is needed. What the machine's Landlock is too old for is left out: [Version] tells. Besides what it is given, a program reads
// and executes the system's programs, libraries and settings, uses harmless devices, and gets no new privileges from setuid programs.
//
// What it does not do: the network is open (rules about ports do not reach the multipath sockets that a listener in Go has), and what a program may read
// of /proc tells command lines of others, though not their environment or files.
//
// In 2012 there was a user for each instance and each staging task (secure: true), which took root.
package confine

import (
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Rights are what a confined program may use beside the system.
type Rights struct {
	Read   []string // files and directories to read and execute; missing ones do not matter
	Write  []string // … and to write; they must exist when the program starts, as rules are about what is there
	Scoped bool     // it signals nobody but itself and what it starts, and uses no abstract sockets of others
}

// Version is that of the machine's Landlock, 0 when there is none: 1 knows files, 3 knows truncating, 5 knows ioctls of devices, 6 knows signals.
func Version() int {
	version, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return version
}
