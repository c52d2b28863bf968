package runtimes

import (
	"context"
	"regexp"

	"github.com/minicf/minicf/protocol"
)

// number is how every program here writes its version, somewhere in what it prints.
var number = regexp.MustCompile(`\d+(\.\d+)*`)

// Here is the runtime_info that a client on this machine sends for a name. For the names of today it has the version that
// Find's program has, so that a staging plugin writes what works with it; for all other names, and when there is no such
// program, it is [Info].
func Here(ctx context.Context, run Runner, name string) protocol.RuntimeInfo {
	info := Info(name)
	r, ok := Lookup(name)
	if !ok || !r.Today {
		return info
	}
	version, ok := FoundVersion(ctx, run, name)
	if !ok {
		return info
	}
	info.Version, info.VersionOutput = protocol.Text(version), protocol.Text(regexp.QuoteMeta(version))
	return info
}

// FoundVersion is the version of the program that serves a runtime on this machine, as a number: 3.1.2. It runs the program
// once, through run.
func FoundVersion(ctx context.Context, run Runner, name string) (version string, ok bool) {
	f, ok := FamilyOf(name)
	if !ok {
		return "", false
	}
	path, ok := Find(f.candidates(name)...)
	if !ok {
		return "", false
	}
	output, err := run(ctx, path, f.Version)
	if err != nil {
		return "", false
	}
	version = number.FindString(string(output))
	return version, version != ""
}
