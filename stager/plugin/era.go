package plugin

import (
	"strconv"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// modernFrom is the first version of each family for which the texts of 2012 do not do any more: Ruby 2.5 has no
// ubygems.rb, Python 3 no `print 1`, and so on.
func modernFrom(family string) (major, minor int, known bool) {
	switch family {
	case "ruby":
		return 2, 5, true
	case "python":
		return 3, 0, true
	case "node":
		return 12, 0, true
	case "php":
		return 7, 0, true
	case "java":
		return 11, 0, true
	case "erlang":
		return 20, 0, true
	}
	return 0, 0, false
}

// Modern reports whether the app is to run on a runtime of today, for which a plugin writes what works there. For the
// names and versions of 2012 it writes what the originals wrote, to the byte. The version of the request decides; without
// one, names that did not exist in 2012 are modern.
func Modern(r protocol.RuntimeInfo) bool {
	wantMajor, wantMinor, known := modernFrom(Family(r.Name))
	if !known {
		return false
	}
	major, minor, ok := leadingVersion(string(r.Version))
	if !ok {
		return string(r.Version) == "" && (r.Name == "ruby" || r.Name == "python3" || r.Name == "erlang")
	}
	return major > wantMajor || major == wantMajor && minor >= wantMinor
}

// Modern reports whether the app's runtime is one of today, see the function [Modern].
func (w *Workspace) Modern() bool { return Modern(w.App.RuntimeInfo) }

// Family is what a runtime's name begins with, as ruby193 is a ruby: ruby, python, node, php, java or erlang; "" for others.
func Family(runtime string) string {
	for _, f := range []string{"ruby", "python", "node", "php", "java", "erlang"} {
		if strings.HasPrefix(runtime, f) {
			return f
		}
	}
	return ""
}

// leadingVersion reads the first two numbers of "3.1.2", "v20.1" or "25". Erlang's R14B01 has none: it is of the old kind.
func leadingVersion(version string) (major, minor int, ok bool) {
	parts := strings.FieldsFunc(strings.TrimPrefix(version, "v"), func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) == 0 || !strings.HasPrefix(strings.TrimPrefix(version, "v"), parts[0]) {
		return 0, 0, false
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return 0, 0, false
	}
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1]) // too long for a number: it is not the minor that decides then
	}
	return major, minor, true
}
